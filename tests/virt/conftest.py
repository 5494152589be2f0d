"""Connected hosts, and what they tell."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from testbed.heard import Events
from testbed.mock import Machine, mock_uri

from snapgui.virt.host import Host


@pytest.fixture
def events() -> Events:
    """What the hosts of the test tell."""
    return Events()


@pytest.fixture
def connect(events: Events) -> Iterator[Callable[[str], Host]]:
    """Opens hosts, and closes them after the test."""
    opened: list[Host] = []

    def connect_to(uri: str) -> Host:
        opened.append(Host.open(uri, events.append))
        return opened[-1]

    yield connect_to
    for host in opened:
        host.close()


@pytest.fixture
def mock(tmp_path: Path, connect: Callable[[str], Host]) -> Callable[..., Host]:
    """Opens a host of the mock driver with the machines given."""

    def with_machines(*machines: Machine) -> Host:
        return connect(mock_uri(tmp_path, *machines))

    return with_machines
