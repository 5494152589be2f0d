"""The steps of a plan as command lines for virsh and a POSIX shell."""

import re
import shlex
from typing import Final

from snapgui.core.plan import MAKING, Call, CreateFlag, DeleteFlag, Plan, RevertFlag, Step
from snapgui.core.requests import DiskChoice
from snapgui.core.text import translate
from snapgui.core.uris import is_in_process
from snapgui.core.xml.secrets import mask
from snapgui.core.xml.take import simple_snapshot

_COMMANDS: Final = {
    Call.SNAPSHOT_REVERT: "snapshot-revert",
    Call.SNAPSHOT_DELETE: "snapshot-delete",
    Call.MANAGED_SAVE_REMOVE: "managedsave-remove",
    Call.CREATE: "start",
    Call.SUSPEND: "suspend",
    Call.RESUME: "resume",
    Call.SHUTDOWN: "shutdown",
    Call.REBOOT: "reboot",
    Call.DESTROY: "destroy",
    Call.UNDEFINE: "undefine",
    Call.FS_FREEZE: "domfsfreeze",
    Call.FS_THAW: "domfsthaw",
    Call.SET_TIME: "domtime",
    Call.AGENT_ASK: "domtime",
    Call.AGENT_TIMEOUT: "guest-agent-timeout",
}
_CREATE_OPTIONS: Final = {
    CreateFlag.REDEFINE: "--redefine",
    CreateFlag.CURRENT: "--current",
    CreateFlag.NO_METADATA: "--no-metadata",
    CreateFlag.HALT: "--halt",
    CreateFlag.DISK_ONLY: "--disk-only",
    CreateFlag.REUSE_EXT: "--reuse-external",
    CreateFlag.QUIESCE: "--quiesce",
    CreateFlag.ATOMIC: "--atomic",
    CreateFlag.LIVE: "--live",
    CreateFlag.VALIDATE: "--validate",
}
_REVERT_OPTIONS: Final = {
    RevertFlag.RUNNING: "--running",
    RevertFlag.PAUSED: "--paused",
    RevertFlag.FORCE: "--force",
    RevertFlag.RESET_NVRAM: "--reset-nvram",
}
_DELETE_OPTIONS: Final = {
    DeleteFlag.CHILDREN: "--children",
    DeleteFlag.METADATA_ONLY: "--metadata",
    DeleteFlag.CHILDREN_ONLY: "--children-only",
}
_ALWAYS: Final = {Call.SET_TIME: ["--now"], Call.UNDEFINE: ["--snapshots-metadata", "--keep-nvram"]}
_DEFINE_VALIDATE: Final = 1  # VIR_DOMAIN_DEFINE_VALIDATE
# virsh takes the word for a domain as an id or a UUID first, and as a name only then.
_NOT_ONLY_A_NAME: Final = re.compile(r"[0-9]+|[0-9a-fA-F-]{32,}")


def command(step: Step, *, secrets: bool = False) -> str:
    """One command that does what the step does. Passwords in XML are only in it where ``secrets``."""
    words = ["virsh", "-c", shlex.quote(step.domain.uri)]
    match step.call:
        case Call.SNAPSHOT_CREATE:
            return _create(step, words, secrets=secrets)
        case Call.DEFINE | Call.DEFINE_NEW | Call.VOLUME_CREATE:
            made = ["vol-create", _argument("pool", step.source)] if step.call is Call.VOLUME_CREATE else ["define"]
            options = ["--validate"] if step.flags & _DEFINE_VALIDATE else []
            return _with_xml(" ".join([*words, *made, "/dev/stdin", *options]), step.xml, secrets=secrets)
        case Call.VOLUME_DELETE:
            return " ".join([*words, "vol-delete", _argument("vol", step.path)])
        case Call.FILE_DELETE | Call.PICTURE_DELETE:
            path = shlex.quote(step.path)
            return f'[ "$(stat --format=%d:%i:%s:%.9Y -- {path})" = {shlex.quote(step.proof)} ] && rm -- {path}'
        case call if call in MAKING:
            return _making(step, secrets=secrets)
        case Call.SNAPSHOT_REVERT:
            more = [_argument("snapshotname", step.snapshot), *_options(step.flags, _REVERT_OPTIONS)]
        case Call.SNAPSHOT_DELETE:
            more = [_argument("snapshotname", step.snapshot), *_options(step.flags, _DELETE_OPTIONS)]
        case Call.AGENT_TIMEOUT:
            more = [f"--timeout={step.seconds}"]
        case _:
            more = _ALWAYS.get(step.call, [])
    return " ".join([*words, _COMMANDS[step.call], _domain(step), *more])


def _making(step: Step, *, secrets: bool) -> str:
    """What this computer does itself, and only where nothing is in the way."""
    path = shlex.quote(step.path)
    match step.call:
        case Call.FOLDER_MAKE:
            return f"mkdir -m 700 -- {path}"
        case Call.VOLUME_UPLOAD:
            connect = f"virsh -c {shlex.quote(step.domain.uri)}"
            return f"{connect} vol-upload --sparse {_argument('vol', step.path)} {shlex.quote(step.source)}"
        case Call.REPLACE:
            return _replace(shlex.quote(step.source), path)
        case Call.REMOVE:
            return f"rm -rf -- {path}"
        case Call.PROGRAM if not step.path:
            return shlex.join(step.program)
        case Call.PROGRAM:
            run = shlex.join(step.program) + ("" if step.path in step.program else f" >{path}")
        case Call.MOVE:
            run = f"mv -T -- {shlex.quote(step.source)} {path}"
        case Call.VOLUME_DOWNLOAD:
            connect = f"virsh -c {shlex.quote(step.domain.uri)}"
            run = f"{connect} vol-download --sparse {_argument('vol', step.source)} {path}"
        case _:
            run = _with_xml(f"cat >{path}", step.xml.removesuffix("\n"), secrets=secrets)
    return f"[ ! -e {path} ] && {run}"


def _replace(new: str, old: str) -> str:
    """Only where nobody has written to the old one since; it goes where it takes as much."""
    smaller = f'[ "$(stat -c %b {new})" -lt "$(stat -c %b {old})" ]'
    move = f"chown --reference={old} {new} && chmod --reference={old} {new} && mv -T {new} {old}"
    return f"[ ! {old} -nt {new} ] && if {smaller}; then {move}; else rm {new}; fi"


def _create(step: Step, words: list[str], *, secrets: bool) -> str:
    if step.flags & CreateFlag.REDEFINE and step.flags & CreateFlag.CURRENT:
        # It reads the XML and redefines it with both flags, as the step does.
        return " ".join([*words, "snapshot-current", _domain(step), _argument("snapshotname", step.snapshot)])
    options = _options(step.flags, _CREATE_OPTIONS)
    parts = None if step.flags & CreateFlag.REDEFINE else simple_snapshot(step.xml)
    if parts is not None:
        words += ["snapshot-create-as", _domain(step), f"--name={shlex.quote(parts.name)}"]
        if parts.description:
            words.append(f"--description={shlex.quote(parts.description)}")
        if parts.memory is not None:
            file = [f"file={_spec(parts.memory_file)}"] if parts.memory_file else []
            words.append(f"--memspec={shlex.quote(','.join([*file, f'snapshot={parts.memory.value}']))}")
        words += [f"--diskspec={shlex.quote(_disk_spec(disk))}" for disk in parts.disks]
        return " ".join([*words, *options])
    line = " ".join([*words, "snapshot-create", _domain(step), "/dev/stdin", *options])
    return _with_xml(line, step.xml, secrets=secrets)


def _disk_spec(disk: DiskChoice) -> str:
    words = [_spec(disk.target), f"snapshot={disk.mode.value}"]
    words += [f"driver={_spec(disk.format)}"] if disk.format else []
    words += [f"file={_spec(disk.path)}"] if disk.path else []
    return ",".join(words)


def _spec(text: str) -> str:
    """A part of an option that has several, in which virsh takes two commas for one."""
    return text.replace(",", ",,")


def _with_xml(line: str, xml: str, *, secrets: bool) -> str:
    xml = xml if secrets else mask(xml)
    end = _delimiter(xml)
    return f"{line} <<'{end}'\n{xml}\n{end}"


def script(plan: Plan, *, secrets: bool = True) -> str:
    """All steps of a plan, to be pasted into a shell. Empty where there are none.

    As a job does, it stops at the first step that fails, goes on after one that may, undoes what is to be undone, and
    ends with the steps that run always.
    """
    lines: list[str] = []
    for step in plan.steps:
        if step.always:
            continue
        text = command(step, secrets=secrets)
        lines.append(f"{{ {text}\n}} || true" if step.may_fail else text)
        if step.undone_by is not None:
            undo = command(step.undone_by, secrets=secrets)
            lines.append("undo=" + shlex.quote(undo + "\n") + '"$undo"')
    always = [command(step, secrets=secrets) for step in plan.steps if step.always]
    undoes = any(step.undone_by is not None for step in plan.steps)
    if always or undoes:
        undoing = ['[ $status = 0 ] || eval "$undo"'] if undoes else []
        at_the_end = "\n".join(["status=$?", "set +e", *always, *undoing, "exit $status"])
        # A plain POSIX shell that a signal ends runs no trap for its exit.
        lines = ["undo=", f"trap {shlex.quote(at_the_end)} EXIT", "trap 'exit 130' HUP INT TERM", *lines]
    return "\n".join(lines if len(lines) < 2 else ["(", "set -e", *lines, ")"])  # noqa: PLR2004 - "several"


def caveat(*uris: str) -> str:
    """What has to be said beside commands for machines there; "" where they work as they are."""
    if not any(is_in_process(uri) for uri in uris):
        return ""
    return translate("Virsh", "To read only: this machine lives inside the application, where virsh can’t reach it.")


def _domain(step: Step) -> str:
    name = step.domain_name
    return step.domain.uuid if _NOT_ONLY_A_NAME.fullmatch(name) else _argument("domain", name)


def _argument(option: str, value: str) -> str:
    """A positional argument, by its option's name where virsh would take it for an option itself."""
    quoted = shlex.quote(value)
    return f"--{option}={quoted}" if value.startswith("-") else quoted


def _options(flags: int, names: "dict[CreateFlag, str] | dict[RevertFlag, str] | dict[DeleteFlag, str]") -> list[str]:
    return [name for flag, name in names.items() if flags & flag]


def _delimiter(text: str) -> str:
    """A line that ends the text for the shell, and is not in it."""
    lines = set(text.splitlines())
    word = "XML"
    while word in lines:
        word += "_"
    return word
