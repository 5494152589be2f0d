"""Which layer may import what. The design is held here: what a layer can't import, it can't wait for."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "snapgui"

# Our own layers that each may import, besides itself. Beside them stand ``paths`` and ``settings``: where files lie,
# and what is remembered.
LAYERS = {
    "core": set(),
    "qcow2": set(),
    "virt": {"core", "qcow2"},
    "jobs": {"core", "virt", "qcow2"},
    "models": {"core"},
    "ui": {"core", "models", "jobs", "paths", "settings"},
    "demo": {"core", "virt"},
}
# Others' packages that each may import, besides Python's own.
OTHERS = {
    "core": set(),
    "qcow2": {"numpy"},
    "virt": {"libvirt", "libvirt_qemu"},
    "jobs": {"PySide6.QtCore"},
    "models": {"PySide6.QtCore"},
    "ui": {"PySide6"},
    "demo": {"libvirt"},
}
WATCHED = {"PySide6", "shiboken6", "libvirt", "libvirt_qemu", "lxml", "numpy", "gi", "PyQt6"}


def imports(path: Path) -> set[str]:
    """The dotted names that a module imports, ``from a import b`` as ``a.b``; also those inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are written in full"
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


def modules(layer: str) -> list[Path]:
    """The modules of a layer."""
    return sorted((PACKAGE / layer).rglob("*.py"))


def test_every_layer_has_a_wall() -> None:
    layers = {path.name for path in PACKAGE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert layers == set(LAYERS)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_imports_only_the_layers_below_it(layer: str) -> None:
    allowed = LAYERS[layer] | {layer}
    for path in modules(layer):
        for name in imports(path):
            if name.startswith("snapgui."):
                assert name.split(".")[1] in allowed, f"{path.relative_to(PACKAGE)} imports {name}"


@pytest.mark.parametrize("layer", OTHERS)
def test_a_layer_imports_only_its_own_libraries(layer: str) -> None:
    for path in modules(layer):
        for name in imports(path):
            if name.split(".")[0] in WATCHED:
                assert any(f"{name}.".startswith(f"{allowed}.") for allowed in OTHERS[layer]), (
                    f"{path.relative_to(PACKAGE)} imports {name}"
                )


def test_numpy_is_loaded_only_where_clusters_are_counted() -> None:
    # It adds 32 MB: reading a snapshot table has to do without.
    counting = {
        "snapgui.qcow2." + name for name in ("changes", "clusters", "merging", "references", "steady", "tables", "walk")
    }
    for path in sorted(PACKAGE.rglob("*.py")):
        own = "snapgui." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        if own in {*counting, "snapgui.qcow2.__main__"}:
            continue
        for node in ast.parse(path.read_text()).body:
            names = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
            assert not names & {"numpy", *counting}, f"{path.relative_to(PACKAGE)} imports {names} at its top"
