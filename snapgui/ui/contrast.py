"""Colours that can be told apart on the palette of the moment, light or dark."""

from PySide6.QtGui import QColor

GRAPHIC = 3.0  # WCAG 2.2, 1.4.11: least contrast of a figure with what is beside it
TEXT = 4.5  # WCAG 2.2, 1.4.3: least contrast of text with what is behind it


def contrast(one: QColor, other: QColor) -> float:
    """The contrast ratio of WCAG 2.2: 1 for the same luminance, 21 for black on white."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mix(colour: QColor, base: QColor, share: float) -> QColor:
    """``colour`` laid on ``base`` with that share (0..1) of cover."""
    return QColor.fromRgbF(
        *(
            share * top + (1 - share) * below
            for top, below in zip(colour.getRgbF()[:3], base.getRgbF()[:3], strict=True)  # type: ignore[index]
        )
    )


def legible(colour: QColor, base: QColor, least: float) -> QColor:
    """``colour``, moved towards black or white as far as it takes to reach the contrast ``least`` with ``base``."""
    pole = QColor(255, 255, 255) if _luminance(base) < _MIDDLE else QColor(0, 0, 0)
    for tenth in range(11):
        candidate = mix(pole, colour, tenth / 10)
        if contrast(candidate, base) >= least:
            return candidate
    return pole


_LINEAR = 0.04045  # sRGB is linear up to here
_MIDDLE = 0.179  # the luminance that is as far from black as from white


def _luminance(colour: QColor) -> float:
    red, green, blue = (
        part / 12.92 if part <= _LINEAR else ((part + 0.055) / 1.055) ** 2.4
        for part in (colour.redF(), colour.greenF(), colour.blueF())
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
