"""The Qt binding can be trusted with what this application does most."""

import sys

from PySide6.QtCore import QObject, Signal


class _Sender(QObject):
    sent = Signal()


def test_emitting_a_signal_takes_no_reference_away_from_true():
    sender = _Sender()
    before = sys.getrefcount(True)  # noqa: FBT003 - the object itself is asked about
    for _ in range(100):
        sender.sent.emit()
    assert abs(sys.getrefcount(True) - before) < 50  # noqa: FBT003
