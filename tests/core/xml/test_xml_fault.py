"""What is said of XML that a user has written."""

import libvirt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snapgui.core.xml.fault import fault, libvirt_fault


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("", "There is no text.", None),
        (" \n\t", "There is no text.", None),
        ("<domain>\n<name>\n</domain>", "This is no well-formed XML: mismatched tag", 3),
        ("<domain>\n\n<a b=1/></domain>", "This is no well-formed XML: not well-formed (invalid token)", 3),
        ("<domain/>\n<domain/>", "This is no well-formed XML: junk after document element", 2),
        ("<domain>&nbsp;</domain>", "This is no well-formed XML: undefined entity", 1),
        ("\n<!DOCTYPE x [<!ENTITY a 'b'>]><domain/>", "A document type", 2),
        ("<domain>\n\ud800</domain>", "There is a character that is not Unicode.", 2),
        ("<network/>", "It begins with <network>, where <domain> belongs.", 1),
        ("hello", "This is no well-formed XML: syntax error", 1),
    ],
)
def test_the_place_and_the_reason_are_said(text: str, reason: str, line: int | None) -> None:
    found = fault(text, "domain")
    assert found is not None
    assert found.reason.startswith(reason)
    assert found.line == line


def test_a_document_has_no_fault() -> None:
    assert fault("<?xml version='1.0'?>\n<!-- why -->\n<domain type='qemu'/>\n", "domain") is None


def test_an_absurdly_long_text_is_refused_at_once() -> None:
    found = fault("<domain>" + "x" * 5_000_000 + "</domain>", "domain")
    assert found is not None
    assert found.reason == "It is longer than 4 MiB, which is more than libvirt takes."


@given(st.text(max_size=200))
def test_any_text_is_answered(text: str) -> None:
    found = fault(text, "domain")
    assert found is not None
    assert found.line is None or 1 <= found.line <= text.count("\n") + text.count("\r") + 1


def test_the_line_in_a_message_of_libvirt_is_found() -> None:
    connection = libvirt.open("test:///default")
    with pytest.raises(libvirt.libvirtError) as raised:
        connection.defineXML("<domain type='test'>\n<name>x\n</domain>")
    connection.close()
    found = libvirt_fault(raised.value.get_error_message())
    assert found.line == 3
    assert libvirt_fault("unsupported configuration: no such machine").line is None
