"""libvirt's URIs: what is wrong with one, and whose machines other programs reach."""

import pytest

from snapgui.core.uris import by_daemon, complaint, driver_of, is_in_process, is_known_driver


@pytest.mark.parametrize(
    "uri",
    [
        "qemu:///system",
        "qemu+ssh://root@h:22/system?keyfile=/x",
        "qemu+libssh2://[fe80::1]/session",
        "QEMU:///system",
        "test:///default",
        "esx://h/?no_verify=1",
        "xen:///",
        "foo:///",
    ],
)
def test_what_libvirt_may_know_is_tried(uri: str) -> None:
    assert complaint(uri) == ""


@pytest.mark.parametrize(
    ("uri", "words"),
    [
        ("", "Give a libvirt URI"),
        ("hello", "begins with a driver"),
        ("/system", "begins with a driver"),
        ("://h/system", "begins with a driver"),
        ("qemu:///sys tem", "no spaces"),
        ("qemu+shh://h/system", "“shh” is no way to reach a host"),
        ("qemu:system", "After the driver"),
        ("qemu:", "After the driver"),
        ("qemu://", "After the driver"),
        ("qemu+tcp://h:port/system", "name or port"),
        ("qemu+tcp://h:99999/system", "name or port"),
        ("qemu+ssh://[fe80/system", "name or port"),
    ],
)
def test_what_can_not_be_a_uri_is_told_by_what_is_wrong(uri: str, words: str) -> None:
    assert words in complaint(uri)


def test_drivers_are_told_by_the_scheme() -> None:
    assert [driver_of(uri) for uri in ("qemu+ssh://h/system", "FOO:///", "no")] == ["qemu", "foo", ""]
    assert is_known_driver("vbox")
    assert not is_known_driver("foo")


@pytest.mark.parametrize(
    ("uri", "inside"),
    [
        ("qemu:///embed?root=/tmp/x", True),
        ("test:///default", True),
        ("qemu:///system", False),
        ("test+tcp://h/default", False),
        ("qemu+unix:///embed", False),
    ],
)
def test_a_driver_in_this_process_is_out_of_reach_for_others(uri: str, *, inside: bool) -> None:
    assert is_in_process(uri) is inside


@pytest.mark.parametrize(
    ("uri", "opened"),
    [
        ("qemu:///system", "qemu+unix:///system"),
        ("QEMU:///session?socket=/x", "qemu+unix:///session?socket=/x"),
        ("qemu:///embed?root=/x", "qemu:///embed?root=/x"),
        ("qemu://host/system", "qemu://host/system"),
        ("qemu+ssh://host/system", "qemu+ssh://host/system"),
        ("test:///default", "test:///default"),
        ("an-alias", "an-alias"),
    ],
)
def test_a_daemon_of_this_computer_is_never_looked_for_in_this_process(uri: str, opened: str) -> None:
    assert by_daemon(uri) == opened
