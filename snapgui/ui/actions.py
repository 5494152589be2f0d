"""Every action of the window: its words, icon, shortcut, and whether it can be used now or why not."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence

from snapgui.core.differences.outlook import Outlook
from snapgui.core.plan import Level
from snapgui.core.records import DomainRecord, DomainState, HostState, Situation, SnapshotRecord
from snapgui.core.requests import Power, PowerAction
from snapgui.core.rules import make_plan
from snapgui.core.text import translate
from snapgui.ui.focus import Focus
from snapgui.ui.icons import icon


class Act(Enum):
    """The actions, by the name of their icon."""

    TAKE = "take"
    REVERT = "revert"
    UNDO = "undo"
    DELETE = "delete"
    EDIT = "edit"
    DESCRIBE = "describe"
    EDIT_XML = "edit-xml"
    RENAME = "rename"
    IMPORT = "import"
    EXPORT = "export"
    EXPORT_DATA = "export-data"
    CLONE = "clone"
    SET_CURRENT = "set-current"
    GO_TO_CURRENT = "here"
    GO_TO_PARENT = "parent"
    COMPARE = "compare"
    SETTINGS = "settings"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    SHUT_DOWN = "shutdown"
    REBOOT = "reboot"
    FORCE_OFF = "force-off"
    CONSOLE = "console"
    CHECK_HEALTH = "health"
    IMPORT_MACHINE = "import-machine"
    COMPACT = "compact"
    CONNECT = "connect"
    DISCONNECT = "disconnect"
    REFRESH = "refresh"
    COUNT = "count"


POWER: Mapping[Act, PowerAction] = MappingProxyType(
    {
        Act.START: PowerAction.START,
        Act.PAUSE: PowerAction.PAUSE,
        Act.RESUME: PowerAction.RESUME,
        Act.SHUT_DOWN: PowerAction.SHUT_DOWN,
        Act.REBOOT: PowerAction.REBOOT,
        Act.FORCE_OFF: PowerAction.FORCE_OFF,
    }
)


# They change no machine.
_HARMLESS = frozenset(
    {
        Act.GO_TO_CURRENT,
        Act.GO_TO_PARENT,
        Act.COMPARE,
        Act.EXPORT,
        Act.EXPORT_DATA,
        Act.CONNECT,
        Act.DISCONNECT,
        Act.REFRESH,
        Act.COUNT,
    }
)
# They are about a machine, whatever snapshot is chosen.
_WITHOUT_A_SNAPSHOT = frozenset({Act.TAKE, Act.GO_TO_CURRENT, Act.IMPORT, Act.CHECK_HEALTH, Act.COMPACT, Act.SETTINGS})
# Where several machines are chosen, nobody could tell which of them is meant.
_OF_ONE_MACHINE = frozenset({*POWER, Act.CONSOLE, Act.CHECK_HEALTH, Act.COMPACT, Act.SETTINGS, Act.IMPORT})
_COMPARED = 2  # snapshots at once
_MNEMONIC = re.compile(r"\(&\w\)|&|…$")  # and Japanese ones, which stand behind the word in brackets


@dataclass(frozen=True, slots=True)
class _Words:
    text: str  # with its mnemonic
    tip: str
    keys: str = ""


def _words() -> dict[Act, _Words]:
    return {
        Act.TAKE: _Words(
            translate("Actions", "&Take…"),
            translate("Actions", "Take a snapshot of the machine"),
            "Ctrl+T",
        ),
        Act.REVERT: _Words(
            translate("Actions", "&Revert…"),
            translate("Actions", "Bring the machine back to the chosen snapshot"),
            "Ctrl+R",
        ),
        Act.UNDO: _Words(
            translate("Actions", "&Undo revert…"),
            translate("Actions", "Go back to the safety snapshot of the last revert, or to the one that is chosen"),
            "Ctrl+Z",
        ),
        Act.DELETE: _Words(
            translate("Actions", "&Delete…"),
            translate("Actions", "Delete the chosen snapshots"),
            "Del",
        ),
        Act.EDIT: _Words(
            translate("Actions", "&Edit description…"),
            translate("Actions", "Change the description of the chosen snapshot"),
            "Ctrl+F2",
        ),
        Act.DESCRIBE: _Words(
            translate("Actions", "Edit descr&iption here"),
            translate("Actions", "Change the description of the chosen snapshot in its row"),
            "F2",
        ),
        Act.EDIT_XML: _Words(
            translate("Actions", "Edit &XML…"),
            translate("Actions", "Change what libvirt notes about the chosen snapshot: its XML"),
            "Ctrl+Shift+E",
        ),
        Act.RENAME: _Words(
            translate("Actions", "Re&name…"),
            translate("Actions", "Give the chosen snapshot another name"),
            "Shift+F2",
        ),
        Act.IMPORT: _Words(
            translate("Actions", "&Import…"),
            translate("Actions", "Let libvirt know snapshots of this machine from XML files"),
        ),
        Act.EXPORT: _Words(
            translate("Actions", "Ex&port…"),
            translate("Actions", "Write the XML of snapshots to files"),
        ),
        Act.EXPORT_DATA: _Words(
            translate("Actions", "Export d&ata…"),
            translate("Actions", "Write the disks of the chosen snapshot to images, or all of it to a bundle"),
        ),
        Act.CLONE: _Words(
            translate("Actions", "Ne&w machine from snapshot…"),
            translate("Actions", "Make a new machine of the chosen snapshot: its disks and settings of then"),
            "Ctrl+Shift+N",
        ),
        Act.SET_CURRENT: _Words(
            translate("Actions", "Set as &current…"),
            translate("Actions", "Say that the machine stands on the chosen snapshot, without reverting"),
        ),
        Act.GO_TO_CURRENT: _Words(
            translate("Actions", "Go to “You are &here”"),
            translate("Actions", "Show where the machine stands"),
            "Ctrl+H",
        ),
        Act.GO_TO_PARENT: _Words(
            translate("Actions", "Go to &parent"),
            translate("Actions", "Show the snapshot above the chosen one"),
            "Alt+Up",
        ),
        Act.COMPARE: _Words(
            translate("Actions", "C&ompare…"),
            translate("Actions", "Show what differs between two snapshots, or between one and now"),
            "Ctrl+D",
        ),
        Act.SETTINGS: _Words(
            translate("Actions", "S&ettings…"),
            translate("Actions", "Change the machine’s memory, vCPUs, title, description, or its whole XML"),
            "Ctrl+E",
        ),
        Act.START: _Words(
            translate("Actions", "&Start"),
            translate("Actions", "Start the machine"),
            "Ctrl+Shift+S",
        ),
        Act.PAUSE: _Words(
            translate("Actions", "&Pause"),
            translate("Actions", "Pause the machine; it keeps its memory"),
            "Ctrl+P",
        ),
        Act.RESUME: _Words(
            translate("Actions", "Res&ume"),
            translate("Actions", "Let the paused machine go on"),
            "Ctrl+P",  # like its counterpart: only one of them is visible, and Qt hears no key for one that is not
        ),
        Act.SHUT_DOWN: _Words(
            translate("Actions", "Shut &down"),
            translate("Actions", "Ask the guest to shut down"),
        ),
        Act.REBOOT: _Words(
            translate("Actions", "Re&boot"),
            translate("Actions", "Ask the guest to reboot"),
        ),
        Act.FORCE_OFF: _Words(
            translate("Actions", "&Force off…"),
            translate("Actions", "Switch the machine off as if its plug were pulled"),
        ),
        Act.CONSOLE: _Words(
            translate("Actions", "Open c&onsole"),
            translate("Actions", "Open the machine’s screen in virt-viewer"),
            "Ctrl+Return",
        ),
        Act.CHECK_HEALTH: _Words(
            translate("Actions", "Check &health…"),
            translate("Actions", "Look for snapshots without data, and for data and files that nothing refers to"),
        ),
        Act.IMPORT_MACHINE: _Words(
            translate("Actions", "&Import machine…"),
            translate("Actions", "Make the machine of a bundle that was exported elsewhere"),
        ),
        Act.COMPACT: _Words(
            translate("Actions", "Co&mpact disks…"),
            translate("Actions", "Give the host back what the machine’s images take beyond what they hold"),
        ),
        Act.CONNECT: _Words(
            translate("Actions", "&Connect…"),
            translate("Actions", "Add a host"),
            "Ctrl+N",
        ),
        Act.DISCONNECT: _Words(
            translate("Actions", "&Disconnect"),
            translate("Actions", "Remove the chosen host from the window; nothing on it changes"),
        ),
        Act.REFRESH: _Words(
            translate("Actions", "R&efresh"),
            translate("Actions", "Read the host’s machines and snapshots again; connect to it where that failed"),
            "F5",
        ),
        Act.COUNT: _Words(
            translate("Actions", "Count what snapshots &hold"),
            translate("Actions", "Add up what the snapshots of the chosen machines hold, or of all on the chosen host"),
        ),
    }


class Actions(QObject):
    """The window's QActions. ``update`` sets what can be used; where one can't, its tooltip says why."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._words = _words()
        self._actions = {act: self._make(act) for act in Act}

    def __getitem__(self, act: Act) -> QAction:
        return self._actions[act]

    def __iter__(self) -> Iterator[QAction]:
        return iter(self._actions.values())

    def on(self, act: Act, call: Callable[[], None]) -> None:
        """Call when the action is used; ``call`` is a bound method of a QObject, or a partial of one."""
        self._actions[act].triggered.connect(call)

    def update(self, focus: Focus, situation: Situation | None, wait: str = "") -> None:
        """Follow the choice. ``situation`` is what is known of the chosen machine; ``wait``: why to let it alone."""
        for act in Act:
            reason = _reason(act, focus, situation)
            if wait and act not in _HARMLESS:
                reason = wait
            action = self._actions[act]
            action.setEnabled(not reason)
            tip = self._words[act].tip
            if act is Act.TAKE:
                tip = self._name_take(focus)
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            shown = f"{tip} ({keys})" if keys else tip
            action.setToolTip(f"{shown}\n{reason}" if reason else shown)
            # Styles show no highlight on what is disabled: the text itself says what it is about.
            why = translate("Actions", "{action}: {reason}").format(action=action.iconText(), reason=reason)
            action.setStatusTip(why if reason else tip)
        stands = focus.domain is not None and focus.domain.state in (DomainState.PAUSED, DomainState.CRASHED)
        self._actions[Act.RESUME].setVisible(stands)
        self._actions[Act.PAUSE].setVisible(not stands)

    def _name_take(self, focus: Focus) -> str:
        """The one action that several machines can be meant by says so. Gives its tip."""
        action, words = self._actions[Act.TAKE], self._words[Act.TAKE]
        count = 1 + len(focus.others)
        several = count > 1
        action.setText(translate("Actions", "&Take of %n machine(s)…", "", count) if several else words.text)
        action.setIconText(plain_text(words.text))
        return translate("Actions", "Take one snapshot of each of %n machine(s)", "", count) if several else words.tip

    def _make(self, act: Act) -> QAction:
        words = self._words[act]
        action = QAction(icon(act.value), words.text, self)
        action.setIconText(plain_text(words.text))
        action.setObjectName(act.value)
        if words.keys:
            action.setShortcut(QKeySequence(words.keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        return action


def plain_text(text: str) -> str:
    """An action's or a menu's text as it is read: without mnemonic, and without the mark of a dialog."""
    return _MNEMONIC.sub("", text)


def _reason(act: Act, focus: Focus, situation: Situation | None) -> str:
    """Why the action can't be used now; "" where it can."""
    if act in (Act.CONNECT, Act.DISCONNECT, Act.REFRESH, Act.COUNT, Act.IMPORT_MACHINE):
        return _host_reason(act, focus)
    if focus.domain is None or situation is None:
        return translate("Actions", "Choose a machine first.")
    if focus.others and act in (Act.TAKE, *_OF_ONE_MACHINE):
        # What stands against a take, its dialog tells of each of them.
        return "" if act is Act.TAKE else translate("Actions", "Choose one machine only.")
    if not focus.connected and act not in (Act.GO_TO_CURRENT, Act.GO_TO_PARENT):
        return translate("Actions", "Its host is not connected.")
    if act is Act.CONSOLE:
        return _console_reason(focus.domain, focus.outlook)
    return _power_reason(POWER[act], situation) if act in POWER else _snapshot_reason(act, focus, situation)


def _host_reason(act: Act, focus: Focus) -> str:
    if act is Act.DISCONNECT and focus.host is None:
        return translate("Actions", "Choose a host first.")
    if act in (Act.IMPORT_MACHINE, Act.COUNT) and (focus.host is None or focus.host.state is not HostState.CONNECTED):
        return translate("Actions", "Choose a host that is connected.")
    if act is Act.REFRESH and focus.host is not None and focus.host.state is HostState.CONNECTING:
        return translate("Actions", "It is being connected.")
    return ""


def _power_reason(action: PowerAction, situation: Situation) -> str:
    plan = make_plan(Power(situation.domain.id, action), situation)
    return next((finding.reason for finding in plan.findings if finding.level is Level.BLOCKER), "")


def is_embedded(uri: str) -> bool:
    """Whether the host is libvirt's driver in this process, as the demo's is."""
    return uri.startswith("qemu:///embed")


def _console_reason(machine: DomainRecord, outlook: Outlook | None) -> str:
    uri = machine.id.uri
    if is_embedded(uri):
        return translate("Actions", "This machine lives inside this application; no other program can show it.")
    if uri.startswith("test:"):
        return translate("Actions", "The machines of libvirt’s test driver have no screen.")
    if outlook is not None and outlook.has_screen is False:
        return translate("Actions", "The machine has no graphics device (VNC or SPICE), and so no screen.")
    if not machine.state.active:
        return translate("Actions", "The machine is off.")
    return ""


def _snapshot_reason(act: Act, focus: Focus, situation: Situation) -> str:
    if act in _WITHOUT_A_SNAPSHOT or (act is Act.EXPORT and situation.snapshots.records):
        return ""
    if act is Act.UNDO and focus.safety is not None:
        return ""
    if not focus.snapshots:
        none = translate("Actions", "The machine has no snapshots.")
        return none if act is Act.EXPORT else translate("Actions", "Choose a snapshot first.")
    return _choice_reason(act, focus)


def _choice_reason(act: Act, focus: Focus) -> str:
    if act is Act.DELETE or (act is Act.COMPARE and len(focus.snapshots) <= _COMPARED):
        return ""
    if act is Act.COMPARE:
        return translate("Actions", "Choose one snapshot, or two.")
    if focus.snapshot is None:
        return translate("Actions", "Choose one snapshot only.")
    return _one_reason(act, focus.snapshot, focus.current)


def _one_reason(act: Act, snapshot: SnapshotRecord, current: str | None) -> str:
    if act is Act.UNDO:
        return translate("Actions", "It is no safety snapshot: it was not taken before a revert.")
    if act is Act.GO_TO_PARENT and snapshot.parent is None:
        return translate("Actions", "There is none above it.")
    if act is Act.SET_CURRENT and snapshot.name == current:
        return translate("Actions", "It is the current one.")
    return ""
