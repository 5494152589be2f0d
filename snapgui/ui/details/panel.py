"""What is known about the chosen snapshot: its picture and facts, its description, its XML, its virsh commands."""

import time
from functools import partial

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QScrollArea, QStackedLayout, QTabWidget, QVBoxLayout, QWidget

from snapgui.core.costs import costs
from snapgui.core.differences.compare import Configuration
from snapgui.core.differences.outlook import Outlook
from snapgui.core.errors import Problem
from snapgui.core.records import DomainId, SnapshotRecord, Snapshots, SnapshotState
from snapgui.core.requests import Describe
from snapgui.core.text import translate
from snapgui.core.totals import Total
from snapgui.core.tree import children
from snapgui.core.virsh import caveat
from snapgui.models.format import one_line
from snapgui.models.machines import machine_total
from snapgui.models.snapshots import SnapshotsModel
from snapgui.models.store import Store
from snapgui.models.words import held_by_machine, machine_state_text
from snapgui.ui.details.commands import CommandList, commands_for
from snapgui.ui.details.description import DescriptionEditor
from snapgui.ui.details.facts import Facts
from snapgui.ui.details.picture import Decoder, Picture
from snapgui.ui.details.several import sum_words
from snapgui.ui.details.texts import CopyableText, NameLink
from snapgui.ui.details.xml_view import XmlView
from snapgui.ui.selection import RowSelection
from snapgui.ui.widgets.differences_view import DifferencesView
from snapgui.ui.widgets.text_label import TextLabel

_CLOCK_MS = 30_000
_SCREEN_MS = 1000  # between pictures of the screen as it is now, at least
_SCREEN_SHARE = 10  # times what a picture takes: a host that is far away is not kept busy with them

Key = tuple[DomainId, str]


class DetailsPanel(QWidget):
    """Follows the tree's selection. What it lacks it asks for by signals; answers for another snapshot are dropped.

    Call ``commit`` before the window closes, so that a description that is being typed is saved.
    """

    snapshot_activated = Signal(str)  # a parent or child to select
    describe = Signal(object)  # a Describe request; answer with set_describe_result
    xml_wanted = Signal(object, str)  # DomainId, name; answer with set_xml or set_xml_problem
    differences_wanted = Signal(object, str)  # DomainId, name; answer with set_differences or set_differences_problem
    picture_wanted = Signal(object, str)  # DomainId, name; answer with set_picture
    waiting_activated = Signal()  # what waits for the next start of the machine whose row "You are here" is chosen
    compact_wanted = Signal()  # the disks of the machine on screen
    screen_wanted = Signal(object)  # DomainId, of a running machine; answer with set_screen or skip_screen

    def __init__(
        self, store: Store, snapshots: SnapshotsModel, selection: RowSelection, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(translate("Details", "Details"))
        self._store = store
        self._snapshots = snapshots
        self._selection = selection
        self._key: Key | None = None
        self._record: SnapshotRecord | None = None
        self._xml_asked: SnapshotRecord | None = None
        self._decoder = Decoder()  # outlives the panel while it decodes: the worker holds it
        self._decoder.decoded.connect(self._show_picture)
        self._outlook: Outlook | None = None
        self._here = False  # whether the row "You are here" alone is chosen
        self._looked_at: DomainId | None = None  # the machine whose row "You are here" is chosen
        self._screen_decoder = Decoder()
        self._screen_decoder.decoded.connect(self._show_screen)
        self._screen_clock = QTimer(self)
        self._screen_clock.setSingleShot(True)
        self._screen_clock.timeout.connect(self._want_screen)
        self._screen_asked: float | None = None  # when, in seconds of the monotonic clock
        self._build()
        selection.selectionChanged.connect(self._refresh)
        snapshots.modelReset.connect(self._refresh)
        snapshots.settled.connect(self._refresh)
        store.domain_changed.connect(self._refresh_of)
        store.snapshots_changed.connect(self._on_snapshots)
        store.domain_removed.connect(self._on_domain_removed)
        self._clock = QTimer(self)
        self._clock.setInterval(_CLOCK_MS)
        self._clock.timeout.connect(self._facts.refresh_time)
        self._clock.start()
        self._refresh()

    def commit(self) -> None:
        """Save the description that is being typed, if it differs."""
        self._description.commit()

    def edit_description(self) -> None:
        """Put the cursor into the description of the chosen snapshot."""
        if self._record is not None:
            self._tabs.setCurrentIndex(0)
            self._description.start_editing()

    def save_description(self, domain: DomainId, record: SnapshotRecord, text: str) -> None:
        """Save a description that was typed in the tree, as if it had been typed here."""
        self._description.save(domain, record, text)

    def set_describe_result(self, domain: DomainId, name: str, problem: Problem | None) -> None:
        """How a Describe ended: with ``problem``, or well. A failed text stays on screen to be tried again."""
        self._description.set_result(domain, name, problem)

    def keep_description(self, request: Describe, problem: Problem) -> None:
        """What could not be saved stays on screen, wherever it was typed."""
        self._description.keep(request, problem)

    def set_xml(self, domain: DomainId, name: str, xml: str) -> None:
        """The XML that was asked for."""
        if (domain, name) == self._key:
            self._xml.show_xml(xml)

    def set_differences(
        self, domain: DomainId, name: str, then: Configuration | None, now: Configuration | None
    ) -> None:
        """The configurations that were asked for; None where the snapshot has none."""
        if (domain, name) == self._key:
            self._differences.show_comparison(then, now)

    def set_differences_problem(self, domain: DomainId, name: str, problem: Problem) -> None:
        """They could not be read."""
        if (domain, name) == self._key:
            self._differences.show_words(" ".join(text for text in (problem.why, problem.remedy) if text))

    def set_xml_problem(self, domain: DomainId, name: str, problem: Problem) -> None:
        """The XML that was asked for could not be read."""
        if (domain, name) == self._key:
            self._xml_asked = None
            words = (problem.why, problem.remedy, problem.raw)
            self._xml.show_words("\n\n".join(text for text in words if text))

    def set_picture(self, domain: DomainId, name: str, data: bytes | None, why: str = "") -> None:
        """The picture that was asked for, as an image file's bytes; None where there is none. ``why``, if known."""
        if (domain, name) != self._key:
            return
        if data is None:
            self._tell_no_picture(why)
        else:
            self._decoder.submit(self._key, data)

    def set_screen(self, domain: DomainId, data: bytes | None) -> None:
        """The screen of the machine as it is now, as an image file's bytes; None where it can't be had."""
        if data is None or domain != self._looked_at:
            self._screen.hide()
            self.skip_screen()
        else:
            self._screen_decoder.submit(domain, data)

    def skip_screen(self) -> None:
        """There is no newer picture of the screen for now."""
        took = 0.0 if self._screen_asked is None else time.monotonic() - self._screen_asked
        self._screen_asked = None
        self._screen_clock.start(max(_SCREEN_MS, int(took * 1000 * _SCREEN_SHARE)))

    def set_outlook(self, found: Outlook | None) -> None:
        """What the shown machine's XML says; None: not known (any more)."""
        self._outlook = found
        self._show_waiting()

    def sizeHint(self) -> QSize:
        return QSize(320, 560)

    def _build(self) -> None:
        self._words = TextLabel(parent=self)
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setContentsMargins(16, 16, 16, 16)
        self._tabs = QTabWidget(self)
        self._tabs.setDocumentMode(True)
        self._tabs.setUsesScrollButtons(False)  # all tabs are seen: the panel gets no narrower than they are
        self._xml = XmlView(self)
        self._commands = CommandList(self)
        self._differences = DifferencesView(self)
        self._tabs.addTab(self._overview(), translate("Details", "Overview"))
        self._tabs.addTab(self._differences, translate("Details", "Differs now"))
        self._tabs.addTab(self._xml, translate("Details", "XML"))
        self._tabs.addTab(self._commands, translate("Details", "virsh"))
        self._tabs.currentChanged.connect(self._fill_tab)
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._words_page())
        self._stack.addWidget(self._tabs)

    def _words_page(self) -> QWidget:
        page = QWidget(self)
        self._screen = Picture(page)
        self._screen.hide()
        self._waiting = NameLink(parent=page)
        self._waiting.clicked.connect(self.waiting_activated)
        self._waiting.hide()
        self._compact = NameLink(translate("Details", "Compact disks…"), parent=page)
        self._compact.clicked.connect(self.compact_wanted)
        body = QVBoxLayout(page)
        body.addStretch(1)
        body.addWidget(self._screen)
        body.addWidget(self._words)
        body.addWidget(self._waiting, 0, Qt.AlignmentFlag.AlignHCenter)
        body.addWidget(self._compact, 0, Qt.AlignmentFlag.AlignHCenter)
        body.addStretch(1)
        return page

    def _overview(self) -> QScrollArea:
        area = QScrollArea(self)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget(area)
        self._name = CopyableText(translate("Details", "Name"), page)
        font = self._name.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.2)
        self._name.setFont(font)
        self._picture = Picture(page)
        self._no_picture = TextLabel(parent=page)
        self._no_picture.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._problem = TextLabel(parent=page)
        self._facts = Facts(page)
        self._facts.snapshot_activated.connect(self.snapshot_activated)
        self._description = DescriptionEditor(page)
        self._description.describe.connect(self.describe)
        body = QVBoxLayout(page)
        # What is written in stands above what is read: the facts are as many as there are.
        for widget in (self._name, self._problem, self._picture, self._no_picture, self._description, self._facts):
            body.addWidget(widget)
        body.addStretch(1)
        area.setWidget(page)
        # Qt brings the field into view, but not what is said below it.
        self._description.entered.connect(partial(area.ensureWidgetVisible, self._description))
        return area

    # What to show

    def _refresh_of(self, domain: DomainId) -> None:
        if domain == self._snapshots.domain:
            self._refresh()

    def _on_snapshots(self, domain: DomainId) -> None:
        self._description.forget(domain, frozenset(self._store.snapshots(domain).records))
        self._refresh_of(domain)

    def _on_domain_removed(self, domain: DomainId) -> None:
        self._description.forget(domain, None)
        self._refresh()

    def _refresh(self) -> None:
        domain = self._snapshots.domain
        snapshots = self._store.snapshots(domain) if domain is not None else Snapshots()
        names = [name for name in self._selection.names() if name in snapshots.records]
        here = self._selection.isSelected(self._snapshots.here_index())
        self._here = here and not names
        self._compact.hide()
        self._follow_screen(domain if self._here else None)
        self._show_waiting()
        if domain is not None and len(names) == 1 and not here:
            self._show_snapshot(domain, snapshots, names[0])
            return
        self._key, self._record = None, None
        self._description.show_snapshot(None, None)
        if len(names) > 1 and domain is not None:
            words, gives_back = sum_words(self._store, domain, names)
            self._words.setText(words)
            self._compact.setVisible(gives_back)
        elif domain is not None and self._selection.hasSelection():
            machine = self._store.domain(domain)
            total = machine_total(self._store, machine) if machine is not None else Total()
            held = "" if total.uncounted else held_by_machine(total)  # what is on screen is counted soon
            self._words.setText(f"{self._where(domain, snapshots)}\n\n{held}".strip())
        else:
            self._words.setText(translate("Details", "Select a snapshot to see its details."))
        self._stack.setCurrentIndex(0)

    def _show_snapshot(self, domain: DomainId, snapshots: Snapshots, name: str) -> None:
        record = snapshots.records[name]
        changed, self._key = (domain, name) != self._key, (domain, name)
        again = changed or self._record is None or self._record.complete != record.complete
        self._record = record
        self._name.show_text(name)
        self._problem.setText(record.problem.why if record.problem is not None else "")
        self._problem.setVisible(record.problem is not None)
        usage = self._store.usage(domain)
        cost = costs(usage, {name: record}).get(name) if usage is not None else None
        self._facts.show_snapshot(record, self._store.sizes(domain).get(name), cost, children(snapshots).get(name, []))
        self._description.show_snapshot(domain, record)
        self._stack.setCurrentWidget(self._tabs)
        if changed:
            self._hide_picture()
            self._xml_asked = None
            self._xml.show_words("")
            self._differences.show_words(translate("Details", "Reading the settings…"))
        if again:
            self.picture_wanted.emit(domain, name)
        self._fill_tab()

    def _fill_tab(self) -> None:
        self._want_xml()
        self._want_differences()
        self._want_commands()

    def _want_commands(self) -> None:
        """Written when they are looked at: a line and a button for each take their time."""
        machine = self._store.domain(self._key[0]) if self._key is not None else None
        if self._key is not None and machine is not None and self._tabs.currentWidget() is self._commands:
            self._commands.show_commands(commands_for(machine, self._key[1]), caveat(machine.id.uri))

    def _want_differences(self) -> None:
        """Asked for whenever it is looked at, or anything about the machine has changed."""
        if self._tabs.currentWidget() is self._differences and self._key is not None:
            self.differences_wanted.emit(*self._key)

    def _want_xml(self) -> None:
        """Asked for when it is looked at, and again when the snapshot has changed."""
        if self._tabs.currentWidget() is not self._xml or self._key is None or self._xml_asked is self._record:
            return
        self._xml_asked = self._record
        if not self._xml.text():
            self._xml.show_words(translate("Details", "Reading the XML…"))
        self.xml_wanted.emit(*self._key)

    def _show_waiting(self) -> None:
        """What is defined and does not run yet; opened, it says what that is."""
        count = len(self._outlook.waiting) if self._outlook is not None else 0
        self._waiting.setVisible(self._here and count > 0)
        self._waiting.set_name(translate("Details", "Waiting for the next start: %n change(s)", "", count))

    def _where(self, domain: DomainId, snapshots: Snapshots) -> str:
        machine = self._store.domain(domain)
        if machine is None:
            return ""
        name = one_line(machine.name)
        if machine.title:
            name = translate("Details", "{machine} ({title})").format(machine=name, title=one_line(machine.title))
        state = machine_state_text(machine) or translate("Details", "in an unknown state")
        if snapshots.current is None:
            return translate("Details", "You are here: {machine}, {state}. It stands on no snapshot.").format(
                machine=name, state=state
            )
        return translate("Details", "You are here: {machine}, {state}, with what changed since {snapshot}.").format(
            machine=name, state=state, snapshot=one_line(snapshots.current)
        )

    # The picture

    def _follow_screen(self, domain: DomainId | None) -> None:
        """Show the machine's screen, and what becomes of it, for as long as its row is chosen."""
        machine = self._store.domain(domain) if domain is not None else None
        active = machine is not None and machine.state.active
        if domain != self._looked_at or not active:
            self._screen.hide()
        self._looked_at = domain if active else None
        self._want_screen()

    def _want_screen(self) -> None:
        if self._looked_at is not None and self._screen_asked is None and not self._screen_clock.isActive():
            if self.isVisible() and not self.window().isMinimized():
                self._screen_asked = time.monotonic()
                self.screen_wanted.emit(self._looked_at)
            else:
                self._screen_clock.start(_SCREEN_MS)

    def _show_screen(self, domain: DomainId, image: QImage, preview: QImage) -> None:
        self.skip_screen()
        machine = self._store.domain(domain)
        if domain == self._looked_at and machine is not None and not image.isNull():
            self._screen.set_image(image, preview, one_line(machine.name))
            self._screen.show()

    def _tell_no_picture(self, why: str) -> None:
        self._hide_picture()
        if self._record is None or not self._record.complete:
            return
        if self._record.state is SnapshotState.SHUT_OFF:
            text = translate("Details", "No picture of the screen: the machine was off.")
        elif why:
            text = translate("Details", "No picture of the screen: it could not be taken. {why}").format(why=why)
        else:
            text = translate(
                "Details",
                "No picture of the screen: the snapshot was taken by another program or on another computer,"
                " or the machine has no screen.",
            )
        self._no_picture.setText(text)
        self._no_picture.show()

    def _hide_picture(self) -> None:
        self._picture.hide()
        self._no_picture.hide()

    def _show_picture(self, key: Key, image: QImage, preview: QImage) -> None:
        if key != self._key:
            return
        self._picture.setVisible(not image.isNull())
        self._no_picture.setText(translate("Details", "The picture can’t be shown."))
        self._no_picture.setVisible(image.isNull())
        if not image.isNull():
            self._picture.set_image(image, preview, one_line(key[1]))
