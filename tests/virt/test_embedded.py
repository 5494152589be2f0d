"""libvirt's QEMU driver inside a process of ours."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from testbed import requirements
from testbed.daemon import Daemon

import snapgui

_ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(snapgui.__file__).parents[1])}


@pytest.mark.real
def test_an_embedded_host_does_it_all_and_prints_nothing() -> None:
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    # Not tmp_path: QEMU's monitor sockets lie below it, and a socket's path ends at 108 characters.
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        ran = subprocess.run(
            [sys.executable, Path(__file__).with_name("embedded.py"), root],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=_ENVIRONMENT,
        )
        assert (ran.returncode, ran.stderr) == (0, "")
        told = json.loads(ran.stdout)
        image = subprocess.run(
            ["qemu-img", "info", "--output=json", f"{root}/disk.qcow2"], capture_output=True, check=True
        )
    (entry,) = json.loads(image.stdout)["snapshots"]
    assert told.pop("external revert") is told.pop("as told")
    assert told == {"driver": "QEMU", "states": ["running"], "size": entry["vm-state-size"]}


_STARTS = """\
import sys
from pathlib import Path
from testbed.tiny import tiny_machine
from snapgui.core.plan import Call, Step
from snapgui.core.records import DomainId
from snapgui.demo import session
from snapgui.virt import embedded
from snapgui.virt.host import Host
root, what = Path(sys.argv[1]), sys.argv[2]
embedded.settle(root, session._SETTINGS + session._ROOTS_SETTINGS)
host = Host.open(f"qemu:///embed?root={root}", lambda _: None)
if what == "CREATE":
    (connection,) = host._connections
    connection.libvirt.defineXML(tiny_machine("tiny", root / "disk.qcow2"))
(found,) = host.list_domains()
print(found.state.value)
host.run(Step(Call[what], found.id, "tiny"))
host.close()
"""


@pytest.mark.real
def test_an_embedded_host_s_machine_goes_on_when_the_window_is_closed_and_is_there_the_next_time() -> None:
    """So nothing is asked on closing. It is QEMU's process that it runs in, which is not ours."""
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    environment = {**_ENVIRONMENT, "PYTHONPATH": f"{_ENVIRONMENT['PYTHONPATH']}:{Path(__file__).parents[1]}"}
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", f"{root}/disk.qcow2", "8M"], check=True)
        told = [
            subprocess.run(
                [sys.executable, "-c", _STARTS, root, call],
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
                env=environment,
            ).stdout
            for call in ("CREATE", "SUSPEND", "DESTROY")
        ]
    assert told == ["shut off\n", "running\n", "paused\n"]


_OF_ONES_OWN = """\
import sys
from pathlib import Path
from testbed.tiny import tiny_machine
from snapgui.core.errors import SnapguiError
from snapgui.core.plan import Call, Step
from snapgui.virt.host import Host
root = Path(sys.argv[1])
host = Host.open(f"qemu:///embed?root={root}", lambda _: None)
(connection,) = host._connections
connection.libvirt.defineXML(tiny_machine("tiny", root / "disk.qcow2"))
(found,) = host.list_domains()
try:
    host.run(Step(Call.CREATE, found.id, "tiny"))
    print(host.list_domains()[0].state.value)
    host.run(Step(Call.DESTROY, found.id, "tiny"))
except SnapguiError as error:
    print(error.problem.why, error.problem.remedy)
host.close()
"""


def _started_in(root: Path) -> str:
    """What becomes of a machine that is started in a folder of one's own."""
    root.chmod(0o755)  # root's QEMU runs as a user who has to enter it
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", root / "disk.qcow2", "8M"], check=True)
    environment = {**_ENVIRONMENT, "PYTHONPATH": f"{_ENVIRONMENT['PYTHONPATH']}:{Path(__file__).parents[1]}"}
    command = [sys.executable, "-c", _OF_ONES_OWN, root]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment)
    return ran.stdout


@pytest.mark.real
def test_in_a_new_folder_of_one_s_own_machines_start_without_a_daemon() -> None:
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        told = _started_in(Path(root))
        if os.geteuid() == 0 and subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
            # In a folder that root has made its "/", QEMU can't be parted from it; that no daemon is needed is seen.
            assert "Failed disable mount propagation out of the root filesystem" in told
        else:
            assert told == "running\n"
        assert Path(root, "etc/qemu.conf").read_text() == 'stdio_handler = "file"\n', "and nothing less safe"


_VIRTLOGD = Path("/run/libvirt/virtlogd-sock")


@pytest.mark.real
@pytest.mark.skipif(os.geteuid() != 0 or _VIRTLOGD.exists(), reason="libvirt finds or starts a virtlogd here")
def test_settings_that_a_folder_has_are_left_and_that_virtlogd_is_missing_is_said() -> None:
    if names := requirements.missing("real"):
        requirements.lacking(", ".join(names))
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        own = Path(root, "etc/qemu.conf")
        own.parent.mkdir()
        own.write_text("max_files = 4096\n")
        told = _started_in(Path(root))
        assert "No machine starts without" in told
        assert f'write stdio_handler = "file" into {own}' in told
        assert own.read_text() == "max_files = 4096\n"


_BESIDE = """\
import sys, threading
from snapgui.virt.host import Host
def daemon():
    host = Host.open(sys.argv[2], print)
    print(host.read_host().driver)
    host.close()
def embedded():
    host = Host.open(f"qemu:///embed?root={sys.argv[1]}", print)
    print(host.read_host().driver)
    host.close()
first = [threading.Thread(target=each) for each in (embedded, daemon, daemon)]
for thread in first: thread.start()
for thread in first: thread.join()
daemon()
"""


@pytest.mark.real
def test_a_daemon_and_an_embedded_host_are_reached_beside_each_other(daemon: Daemon) -> None:
    uri = daemon.uri.replace("qemu+unix:", "qemu:")  # as a user writes it
    with tempfile.TemporaryDirectory(prefix="snapgui-", dir="/tmp") as root:
        ran = subprocess.run(
            [sys.executable, "-c", _BESIDE, root, uri],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=_ENVIRONMENT,
        )
    assert (ran.returncode, ran.stdout.split()) == (0, ["QEMU"] * 4), ran.stderr


def test_libvirt_s_errors_are_not_printed_and_children_inherit_no_setting() -> None:
    script = (
        "import os; before = dict(os.environ)\n"
        "from snapgui.virt.host import Host\n"
        "from snapgui.core.errors import SnapguiError\n"
        "try: Host.open('nonsense:///nowhere', print)\n"
        "except SnapguiError: print('refused')\n"
        "print(dict(os.environ) == before)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False, env=_ENVIRONMENT
    )
    assert (ran.stdout, ran.stderr) == ("refused\nTrue\n", "")
