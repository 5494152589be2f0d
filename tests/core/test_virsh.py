"""The command lines run in a real shell, on a real virsh, whatever the names are."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from snapgui.core import virsh
from snapgui.core.plan import Call, CreateFlag, DeleteFlag, Plan, RevertFlag, Step
from snapgui.core.records import DomainId, Kind, Mode
from snapgui.core.requests import Describe, DiskChoice, Take
from snapgui.core.xml.edit import with_description
from snapgui.core.xml.read import read_snapshot
from snapgui.core.xml.take import SnapshotWords, simple_snapshot, take_xml

UUID = "6695eb01-f6a4-8304-79aa-97f2502e193f"
NAMES = ("plain", "-x", "--current", "two words", 'it\'s "q" $HOME `id`', "é😀", "<b>&amp;", "line\nbreak", "a\\", "7")
MACHINES = ("pisces", "-dash", "it's; id", "42", "deadbeef-dead-dead-dead-deadbeefdead")

NODE = """<node><domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>
<name>{machine}</name><uuid>{uuid}</uuid><memory>8192</memory><os><type>hvm</type></os>
<test:runstate>1</test:runstate>{snapshots}</domain></node>"""
SNAPSHOT = """<test:domainsnapshot><name>{name}</name><state>running</state>
<creationTime>1</creationTime><domain type='test'><name>{machine}</name><uuid>{uuid}</uuid><memory>8192</memory>
<os><type>hvm</type></os></domain><active>0</active></test:domainsnapshot>"""


@pytest.fixture
def host(tmp_path: Path) -> Callable[[str], DomainId]:
    """A host of the test driver with one machine that has a snapshot of each name; each virsh sees it as it began."""

    def build(machine: str) -> DomainId:
        snapshots = "".join(SNAPSHOT.format(name=escape(name), machine=escape(machine), uuid=UUID) for name in NAMES)
        node = tmp_path / "it's.xml"
        node.write_text(NODE.format(machine=escape(machine), uuid=UUID, snapshots=snapshots))
        return DomainId(f"test://{node}", UUID)

    return build


def shell(text: str) -> str:
    """What a shell prints when it runs the text; it must succeed."""
    done = subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr + text
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_call_on_a_snapshot_of_any_name_reaches_it(host: Callable[[str], DomainId], name: str) -> None:
    domain = host("pisces")
    for call, flags, said in (
        (Call.SNAPSHOT_REVERT, 0, ""),
        (Call.SNAPSHOT_REVERT, RevertFlag.PAUSED, ""),
        (Call.SNAPSHOT_DELETE, 0, f"Domain snapshot {name} deleted"),
        (Call.SNAPSHOT_DELETE, DeleteFlag.CHILDREN, f"Domain snapshot {name} deleted"),
        (Call.SNAPSHOT_DELETE, DeleteFlag.CHILDREN_ONLY, f"Domain snapshot {name} children deleted"),
    ):
        assert said in shell(virsh.command(Step(call, domain, "pisces", name, flags=flags)))
    xml = f"<domainsnapshot><name>{escape(name)}</name></domainsnapshot>"
    mark = Step(Call.SNAPSHOT_CREATE, domain, "pisces", name, xml, CreateFlag.REDEFINE | CreateFlag.CURRENT)
    assert f"Snapshot {name} set as current" in shell(virsh.command(mark))


@pytest.mark.parametrize("machine", MACHINES)
def test_every_machine_is_reached_whatever_its_name(host: Callable[[str], DomainId], machine: str) -> None:
    domain = host(machine)
    for call in (Call.SUSPEND, Call.SHUTDOWN, Call.REBOOT, Call.DESTROY):
        shell(virsh.command(Step(call, domain, machine)))
    shell(virsh.command(Step(Call.SNAPSHOT_REVERT, domain, machine, "plain")))


@pytest.mark.parametrize("name", ["new " + name for name in NAMES] + ["-new"])
def test_a_snapshot_is_taken_with_its_name_and_description(host: Callable[[str], DomainId], name: str) -> None:
    description = f'--print-xml\n\'; "{name}" <&> $HOME'
    domain = host("pisces")
    step = Step(Call.SNAPSHOT_CREATE, domain, "pisces", name, take_xml(Take(domain, name, description)))
    assert f"Domain snapshot {name} created" in shell(virsh.command(step))
    asked = read_snapshot(shell(virsh.command(step) + " --print-xml"))
    assert (asked.name, asked.description) == (name, description)


@pytest.mark.parametrize("path", ["/a/b", "/two words/it's", "/com,ma,,s/=x", '/a/<&">$HOME`id`', "/-x"])
def test_files_and_disks_are_asked_for_as_by_the_step(host: Callable[[str], DomainId], path: str) -> None:
    domain = host("pisces")
    disks = (
        DiskChoice("vda", Mode.EXTERNAL, path, "qcow2"),
        DiskChoice("vdb", Mode.NO),
        DiskChoice("vdc", Mode.EXTERNAL),
    )
    xml = take_xml(Take(domain, "x", "why", Kind.EXTERNAL, disks, memory_file=f"{path}.mem"))
    step = Step(Call.SNAPSHOT_CREATE, domain, "pisces", "x", xml)
    asked = simple_snapshot(shell(virsh.command(step) + " --print-xml"))
    assert asked == simple_snapshot(xml)
    assert asked == SnapshotWords("x", "why", Mode.EXTERNAL, f"{path}.mem", disks)


@pytest.mark.parametrize("description", ["plain", "XML\nXML_\n'$HOME' `id`", "\n<b>&amp;"])
def test_a_description_is_changed_through_the_whole_xml(host: Callable[[str], DomainId], description: str) -> None:
    domain = host("pisces")
    dump = shell(f'virsh -c "{domain.uri}" snapshot-dumpxml pisces plain --security-info')
    step = Step(
        Call.SNAPSHOT_CREATE, domain, "pisces", "plain", with_description(dump, description), CreateFlag.REDEFINE
    )
    assert "Domain snapshot plain created" in shell(virsh.command(step, secrets=True))


def test_passwords_are_shown_only_on_demand() -> None:
    xml = """<domainsnapshot><name>a</name><x passwd="se&quot;cret" y='1'/><z passwd = 'hidden'/></domainsnapshot>"""
    step = Step(Call.SNAPSHOT_CREATE, DomainId("test:///default", UUID), "a", "a", xml, CreateFlag.REDEFINE)
    shown = virsh.command(step)
    assert "cret" not in shown
    assert "hidden" not in shown
    assert "y='1'" in shown
    assert xml in virsh.command(step, secrets=True)
    plan = Plan(Describe(step.domain, "a", "b"), "Describe a", (step,))
    assert xml in virsh.script(plan)  # what is copied does what the plan does
    assert "cret" not in virsh.script(plan, secrets=False)


def test_plain_names_are_written_plainly() -> None:
    domain = DomainId("qemu:///system", UUID)
    revert = Step(Call.SNAPSHOT_REVERT, domain, "pisces", "pisces-1", flags=RevertFlag.RUNNING)
    assert virsh.command(revert) == "virsh -c qemu:///system snapshot-revert pisces pisces-1 --running"
    take = Step(Call.SNAPSHOT_CREATE, domain, "pisces", "x", take_xml(Take(domain, "x")))
    assert virsh.command(take) == "virsh -c qemu:///system snapshot-create-as pisces --name=x"
    inside = Step(Call.SNAPSHOT_CREATE, domain, "pisces", "x", take_xml(Take(domain, "x"), with_memory=True))
    assert virsh.command(inside).endswith("--name=x --memspec=snapshot=internal")
    live = Take(domain, "x", kind=Kind.EXTERNAL, disks=(DiskChoice("vdb", Mode.NO),), memory_file="/m")
    step = Step(Call.SNAPSHOT_CREATE, domain, "pisces", "x", take_xml(live), CreateFlag.LIVE)
    assert virsh.command(step).endswith(
        "--name=x --memspec=file=/m,snapshot=external --diskspec=vdb,snapshot=no --live"
    )


def test_several_steps_stop_at_the_first_that_fails(host: Callable[[str], DomainId]) -> None:
    domain = host("pisces")
    good, bad = (Step(Call.SNAPSHOT_DELETE, domain, "pisces", name) for name in ("plain", "missing"))
    request = Take(domain, "x")
    assert virsh.script(Plan(request, "")) == ""
    assert virsh.script(Plan(request, "", steps=(good,))) == virsh.command(good)
    done = subprocess.run(
        ["bash", "-c", virsh.script(Plan(request, "", steps=(bad, good)))],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode != 0
    assert "deleted" not in done.stdout
    both = shell(virsh.script(Plan(request, "", steps=(good, good))))
    assert both.count("deleted") == 2


def test_a_step_that_may_fail_does_not_end_the_script_and_one_that_always_runs_does_at_its_end(
    host: Callable[[str], DomainId],
) -> None:
    domain = host("it's")
    missing = Step(Call.SNAPSHOT_DELETE, domain, "it's", "missing")
    good = Step(Call.SNAPSHOT_DELETE, domain, "it's", "line\nbreak")
    wake = Step(Call.SUSPEND, domain, "it's", always=True)
    said = shell(virsh.script(Plan(Take(domain, "x"), "", steps=(replace(missing, may_fail=True), wake, good))))
    assert said.index("deleted") < said.index("suspended")
    done = _tried(Plan(Take(domain, "x"), "", steps=(missing, wake, good)))
    assert done.returncode != 0
    assert "suspended" in done.stdout
    assert "deleted" not in done.stdout


def test_what_was_done_is_undone_backwards_where_a_later_step_fails(host: Callable[[str], DomainId]) -> None:
    domain = host("it's")
    steps = tuple(
        Step(Call.SNAPSHOT_REVERT, domain, "it's", "7", undone_by=Step(Call.SNAPSHOT_DELETE, domain, "it's", name))
        for name in ("plain", 'it\'s "q" $HOME `id`')
    )
    missing = Step(Call.SNAPSHOT_DELETE, domain, "it's", "missing")
    done = _tried(Plan(Take(domain, "x"), "", steps=(*steps, missing)))
    assert done.returncode != 0
    assert done.stdout.index('q" $HOME `id` deleted') < done.stdout.index("plain deleted")
    assert "deleted" not in shell(virsh.script(Plan(Take(domain, "x"), "", steps=steps)))


def test_a_configuration_is_defined_by_its_whole_xml(host: Callable[[str], DomainId]) -> None:
    domain = host("pisces")
    xml = shell(f'virsh -c "{domain.uri}" dumpxml pisces --inactive').replace("8192", "4096")
    assert "Domain 'pisces' defined" in shell(virsh.command(Step(Call.DEFINE, domain, "pisces", xml=xml), secrets=True))


def _tried(plan: Plan) -> subprocess.CompletedProcess[str]:
    text = virsh.script(plan)
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=20, check=False)
