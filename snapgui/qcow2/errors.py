"""What can be wrong with an image. Every message says what is wrong and at which byte of the image."""


class Qcow2Error(ValueError):
    """The image's metadata can't be read."""


class NotQcow2Error(Qcow2Error):
    """The bytes are those of some other format, or of none."""


class UnsupportedImageError(Qcow2Error):
    """A qcow2 image of a version or with a feature that the format did not have when this was written."""


class DamagedImageError(Qcow2Error):
    """The metadata contradicts the format or itself."""


class NoSnapshotError(Qcow2Error):
    """The image has no snapshot of the name that was asked for."""


class ChangingImageError(Qcow2Error):
    """The image did not stay as it is for as long as its tables take to read."""
