"""Where the files that are shipped with the application lie."""

from functools import cache
from pathlib import Path


@cache
def resources() -> Path:
    """The folder ``resources``: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).parent
    installed = package / "resources"
    return installed if installed.is_dir() else package.parent / "resources"
