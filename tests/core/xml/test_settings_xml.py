"""A machine's settings in its XML: read, and written so that nothing else changes."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.xml.document import XmlError, can_carry
from snapgui.core.xml.settings import MachineSettings, read_settings, with_settings

OFF = (Path(__file__).parent.parent / "domains" / "off.xml").read_text()
PLAIN = "<domain type='qemu'>\n  <name>m</name>\n  <memory unit='MiB'>512</memory>\n  <vcpu>1</vcpu>\n</domain>"


def test_settings_are_read() -> None:
    assert read_settings(OFF) == MachineSettings(
        "A rich machine", "Two lines\n of words", 65536, 49152, vcpus=2, vcpus_at_start=1
    )
    assert read_settings(PLAIN) == MachineSettings("", "", 524288, 524288, vcpus=1, vcpus_at_start=1)


@pytest.mark.parametrize("xml", [OFF, PLAIN])
def test_the_same_settings_leave_the_text_to_the_byte(xml: str) -> None:
    assert with_settings(xml, read_settings(xml)) == xml


def test_less_memory_is_all_that_changes() -> None:
    before = read_settings(PLAIN)
    changed = with_settings(PLAIN, replace(before, memory=131072, current_memory=131072))
    assert "<memory unit='KiB'>131072</memory>\n  <currentMemory>131072</currentMemory>\n  <vcpu>1</vcpu>" in changed
    off = with_settings(OFF, replace(read_settings(OFF), memory=131072))
    assert [line for line in off.splitlines() if line not in OFF.splitlines()] == [
        "  <memory unit='KiB'>131072</memory>"
    ]


TEXT = st.text(max_size=30).filter(lambda text: can_carry(text.replace("\r", "")))


@given(
    st.sampled_from([OFF, PLAIN]),
    st.builds(
        MachineSettings,
        TEXT,
        TEXT,
        st.integers(1, 2**31),
        st.integers(1, 2**31),
        st.integers(1, 4096),
        st.integers(1, 4096),
    ),
)
def test_what_is_written_is_read_again(xml: str, settings: MachineSettings) -> None:
    written = with_settings(xml, settings)
    assert read_settings(written) == settings
    assert read_settings(with_settings(written, read_settings(xml))) == read_settings(xml)


def test_what_xml_can_not_carry_is_refused() -> None:
    with pytest.raises(XmlError):
        with_settings(PLAIN, replace(read_settings(PLAIN), title="a\0b"))


@pytest.mark.parametrize("xml", ["", "<domain>", "<network/>"])
def test_what_is_no_machine_has_no_settings(xml: str) -> None:
    with pytest.raises(XmlError):
        read_settings(xml)
