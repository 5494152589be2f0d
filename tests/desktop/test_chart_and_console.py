"""The chart as it is heard and walked along, and the console in a window of its own."""

import pytest
from testbed.daemon import Daemon
from testbed.desktop import Application, Screen, wait_for

# pyatspi itself calls what libatspi has renamed.
pytestmark = pytest.mark.filterwarnings("ignore:Atspi:DeprecationWarning")


def test_every_bar_is_heard_with_its_size_and_choosing_it_chooses_it_in_the_tree(
    application: Application, screen: Screen, daemon: Daemon, machine: str
) -> None:
    for name in ("first", "second"):
        daemon.virsh("snapshot-create-as", machine, name)
    chart = application.find("Sizes", "list")

    def heard() -> list[str]:
        return [bar.name for bar in chart.children()]

    wait_for(lambda: len(heard()) == 2 and all("iB" in name for name in heard()), "two bars with their sizes")
    assert [name.partition(",")[0] for name in heard()] == ["first", "second"]
    for part in ("Memory", "Own disk", "Shared disk"):
        assert all(f", {part} " in name for name in heard())
        assert application.find(part, "check box").has("checked")

    tree = application.find("Snapshots", "tree")

    def chosen() -> list[str]:
        table = tree._accessible.queryTable()
        return [name for row, name in enumerate(tree.names()) if table.isRowSelected(row)]

    chart.focus()
    screen.keys("Right")
    wait_for(lambda: chosen() == ["second"], "the tree to follow the chart")
    screen.keys("Home")
    wait_for(lambda: chosen() == ["first"], "the tree to follow the chart")
    tree.choose_row("second")
    wait_for(lambda: [bar.has("selected") for bar in chart.children()] == [False, True], "the chart to follow the tree")


def test_the_console_opens_in_virt_viewer(application: Application, screen: Screen, machine: str) -> None:
    wait_for(application.find("Open console", "button").enabled, "the console to be offered")
    application.find("Open console", "button").press()
    wait_for(
        lambda: any(machine in title and "snapgui" not in title for title in screen.windows().values()), "virt-viewer"
    )
