"""Says on the banner where a guest does not do what it was asked for, until it does."""

from functools import partial

from PySide6.QtCore import QObject, Signal

from snapgui.core.activity import JobRecord
from snapgui.core.job_words import not_done_text
from snapgui.core.plan import Level
from snapgui.core.records import DomainId
from snapgui.core.text import translate
from snapgui.jobs.reactions import Reactions
from snapgui.ui.news.banner import Banner


class AskedNews(QObject):
    """``force_off_wanted`` tells the machine that is to be forced off."""

    force_off_wanted = Signal(object)  # DomainId

    def __init__(self, reactions: Reactions, banner: Banner) -> None:
        super().__init__(banner)
        self._banner = banner
        reactions.missed.connect(self._tell)
        reactions.settled.connect(self._settled)

    def _tell(self, job: JobRecord) -> None:
        domain = job.plan.request.domain
        text = translate(
            "AskedNews",
            "A guest may take its time, ask its user first, or not listen at all. If nothing comes of it, the machine "
            "can be forced off, which is like pulling the plug.",
        )
        force = translate("AskedNews", "&Force off…")
        self._banner.show_message(
            Level.WARNING,
            not_done_text(job),
            text,
            {force: partial(self.force_off_wanted.emit, domain)},
            topic=_topic(domain),
        )

    def _settled(self, domain: DomainId) -> None:
        if self._banner.topic == _topic(domain):
            self._banner.clear()


def _topic(domain: DomainId) -> str:
    return f"asked {domain.uri} {domain.uuid}"
