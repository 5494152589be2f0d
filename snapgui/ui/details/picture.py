"""The picture of the machine's screen: small in the panel, large on demand. Decoding runs on a worker thread."""

from functools import partial

from PySide6.QtCore import QBuffer, QByteArray, QObject, QRectF, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QGuiApplication, QImage, QImageReader, QKeyEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractButton, QDialog, QSizePolicy, QStyle, QVBoxLayout, QWidget

from snapgui.core.text import translate

_FORMATS = frozenset({b"png", b"ppm", b"pgm", b"pbm"})  # what hypervisors send; no other decoder sees foreign bytes
_LARGEST_SIDE = 8192  # pixels; a picture that claims more is not a screen
_PREVIEW = QSize(1024, 768)  # a panel is never wider in device pixels
_HIGHEST = 150  # pixels of the preview in the panel


def decode(data: bytes) -> QImage:
    """The picture in an image file's bytes; a null image where they are none. Blocks for as long as decoding takes."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    reader = QImageReader(buffer)
    reader.setDecideFormatFromContent(True)
    if bytes(reader.format().data()) not in _FORMATS:
        return QImage()
    size = reader.size()
    if not size.isValid() or max(size.width(), size.height()) > _LARGEST_SIDE:
        return QImage()
    return reader.read()


class Decoder(QObject):
    """Decodes on a worker thread: ``decoded`` carries the key that came with the bytes, the picture and its preview."""

    decoded = Signal(object, QImage, QImage)

    def submit(self, key: object, data: bytes) -> None:
        """Decode, soon."""
        QThreadPool.globalInstance().start(partial(self._run, key, data))

    def _run(self, key: object, data: bytes) -> None:
        image = decode(data)
        preview = image
        if image.width() > _PREVIEW.width() or image.height() > _PREVIEW.height():
            preview = image.scaled(
                _PREVIEW, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
        self.decoded.emit(key, image, preview)


class Picture(QAbstractButton):
    """The preview; pressing it opens the picture in a window of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._preview = QImage()
        self._title = ""
        self.setAccessibleName(translate("Picture", "Picture of the screen"))
        self.setToolTip(translate("Picture", "Enlarge the picture of the screen"))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.clicked.connect(self._enlarge)

    def set_image(self, image: QImage, preview: QImage, title: str) -> None:
        """Show a picture; ``title`` names the snapshot in the large view."""
        self._image, self._preview, self._title = image, preview, title
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(240, self.heightForWidth(240))

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 40)

    def heightForWidth(self, width: int) -> int:  # noqa: N802 - Qt
        return _fitted(self._preview.size(), QSize(width, _HIGHEST)).height()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.click()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = _paint_fitted(painter, self._preview, self)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        painter.drawRect(area.adjusted(0.5, 0.5, -0.5, -0.5))
        if self.hasFocus():
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 3))
            painter.drawRect(area.adjusted(1.5, 1.5, -1.5, -1.5))
        painter.end()

    def _enlarge(self) -> None:
        viewer = PictureViewer(self._image, self._title, self)
        viewer.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        viewer.open()


class PictureViewer(QDialog):
    """The picture as large as it is, or as the window allows. Esc closes."""

    def __init__(self, image: QImage, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("Picture", "Screen of {snapshot}").format(snapshot=title))
        body = QVBoxLayout(self)
        body.setContentsMargins(0, 0, 0, 0)
        body.addWidget(_Canvas(image, self))
        screen = self.screen() or QGuiApplication.primaryScreen()
        self.resize(_fitted(image.size() / self.devicePixelRatio(), screen.availableSize() * 0.9))


class _Canvas(QWidget):
    def __init__(self, image: QImage, parent: QWidget) -> None:
        super().__init__(parent)
        self._image = image
        self.setAccessibleName(translate("Picture", "Picture of the screen"))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), Qt.GlobalColor.black)
        _paint_fitted(painter, self._image, self)
        painter.end()


def _fitted(size: QSize, room: QSize) -> QSize:
    """``size`` made smaller to fit into ``room``, never larger, with its aspect."""
    if size.width() <= room.width() and size.height() <= room.height():
        return size
    return size.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)


def _paint_fitted(painter: QPainter, image: QImage, widget: QWidget) -> QRectF:
    size = _fitted(image.size(), widget.size())
    area = QRectF(QStyle.alignedRect(widget.layoutDirection(), Qt.AlignmentFlag.AlignCenter, size, widget.rect()))
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(area, image)
    return area
