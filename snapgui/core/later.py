"""Modules of a package that are loaded when they are first used: what no window shows at first takes no memory."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType


def when_used(package: str) -> Callable[[str], ModuleType]:
    """The ``__getattr__`` of a package (PEP 562) whose modules are used as ``package.module``."""

    def load(name: str) -> ModuleType:
        module = f"{package}.{name}"
        try:
            return import_module(module)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            raise AttributeError(f"module {package!r} has no attribute {name!r}") from error

    return load
