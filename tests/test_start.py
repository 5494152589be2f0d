"""What starting costs that nobody would see."""

import subprocess
import sys
from pathlib import Path


def test_the_start_keeps_no_source() -> None:
    """PySide has the source of every module read that is imported after it, and 6 MB of memory by that."""
    root = Path(__file__).resolve().parent.parent
    code = (
        "import linecache, snapgui.__main__ as m; m.import_plainly(); import snapgui.app; print(list(linecache.cache))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout == "[]\n"


def test_the_start_loads_no_library_that_only_a_part_of_it_would_need() -> None:
    """xml.sax.saxutils alone brings urllib, ssl, http and email: 3 MB."""
    root = Path(__file__).resolve().parent.parent
    code = (
        "import sys, snapgui.__main__ as m; m.import_plainly(); import snapgui.app;"
        " print({'ssl', 'http', 'email', 'hashlib', 'statistics', 'html', 'numpy', 'difflib', 'unittest', 'asyncio',"
        " 'csv', 'datetime', 'json'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout == "set()\n"


def test_the_start_loads_no_dialog_and_no_demo() -> None:
    """They are loaded when they are first opened: together they take 3 MB."""
    root = Path(__file__).resolve().parent.parent
    code = (
        "import sys, snapgui.__main__ as m; m.import_plainly(); import snapgui.app;"
        " print(sorted(name for name in sys.modules if name.startswith(('snapgui.ui.dialogs.', 'snapgui.demo.'))))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout == "[]\n"


def test_the_start_loads_nothing_that_only_a_request_or_a_check_needs() -> None:
    """Rules, health, steps and the saving of charts take 1.3 MB and wait until they are used."""
    root = Path(__file__).resolve().parent.parent
    code = (
        "import sys, snapgui.__main__ as m; m.import_plainly(); import snapgui.app;"
        " print({'snapgui.core.rules.take', 'snapgui.core.rules.delete', 'snapgui.core.rules.together',"
        " 'snapgui.core.health.examine', 'snapgui.core.health.inventory', 'snapgui.virt.inventory',"
        " 'snapgui.virt.steps', 'snapgui.virt.survey', 'snapgui.virt.volume', 'snapgui.jobs.check',"
        " 'snapgui.ui.chart.export'}"
        " & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout == "set()\n"


def test_a_package_has_no_module_that_is_not_there() -> None:
    from snapgui.core import rules  # noqa: PLC0415 - as above

    assert not hasattr(rules, "none_such")
    assert rules.take.__name__ == "snapgui.core.rules.take"


def test_every_dialog_is_found_where_it_is_said_to_be() -> None:
    from snapgui.ui import dialogs  # noqa: PLC0415 - Qt is for this test only

    for name in dialogs._MODULES:
        assert getattr(dialogs, name).__name__ == name
