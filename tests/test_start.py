"""What starting costs that nobody would see."""

import subprocess
import sys
from pathlib import Path


def test_the_start_keeps_no_source() -> None:
    """PySide has the source of every module read that is imported after it, and 6 MB of memory by that."""
    root = Path(__file__).resolve().parent.parent
    code = (
        "import linecache, snapgui.__main__ as m; m.import_plainly(); import snapgui.app;"
        f" print([name for name in linecache.cache if name.startswith({str(root / 'snapgui')!r} + '/')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout == "[]\n"


def test_the_start_loads_no_library_that_only_a_part_of_it_would_need() -> None:
    """xml.sax.saxutils alone brings urllib, ssl, http and email: 3 MB."""
    root = Path(__file__).resolve().parent.parent
    code = (
        "import sys, snapgui.__main__ as m; m.import_plainly(); import snapgui.app;"
        " print({'ssl', 'http', 'email', 'hashlib', 'statistics', 'html', 'numpy', 'difflib', 'unittest', 'asyncio'}"
        " & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert ran.stdout == "set()\n"
