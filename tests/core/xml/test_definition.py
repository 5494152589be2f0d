"""XML from people and files: what is wrong is said with its line, and nothing takes long."""

import time

import pytest

from snapgui.core.records import SnapshotState
from snapgui.core.xml.definition import (
    DefinitionError,
    decode,
    read_definition,
    with_current,
    with_name,
)
from snapgui.core.xml.edit import with_parent

GOOD = """<domainsnapshot>
  <name>a</name>
  <state>shutoff</state>
  <parent>
    <name>p</name>
  </parent>
  <creationTime>1700000000</creationTime>
  <domain type='qemu'>
    <name>pisces</name>
    <uuid>1F0C</uuid>
  </domain>
</domainsnapshot>"""

BOMB = (
    "<!DOCTYPE a [<!ENTITY x0 'ha'>"
    + "".join(f"<!ENTITY x{n} '&x{n - 1};&x{n - 1};'>" for n in range(1, 40))
    + "]>\n<domainsnapshot><name a='&x39;'>&x39;</name></domainsnapshot>"
)


def refused(text: str) -> tuple[str, int | None]:
    with pytest.raises(DefinitionError) as caught:
        read_definition(text)
    return str(caught.value), caught.value.line


def test_a_good_one_is_read_with_the_line_of_each_part() -> None:
    found = read_definition(GOOD)
    assert (found.record.name, found.record.parent, found.record.state) == ("a", "p", SnapshotState.SHUT_OFF)
    assert (found.domain_name, found.domain_uuid, found.current) == ("pisces", "1F0C", False)
    assert found.lines["state"] == 3
    assert found.lines["domain"] == 8


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ("", "no text", None),
        ("  \n", "no text", None),
        ("<domainsnapshot>\n<name>a</nam>", "well-formed", 2),
        ("<domain>\n</domain>", "begins with <domain>", 1),
        ("<domainsnapshot>\n</domainsnapshot>", "no name", 1),
        (GOOD.replace("<name>a</name>", "<name/>"), "no name", 1),
        (GOOD.replace("<state>shutoff</state>", ""), "<state>", 1),
        (GOOD.replace("shutoff", "bogus"), "“bogus”", 3),
        (GOOD.replace("1700000000", "soon"), "creationTime", 7),
        (GOOD.replace("<creationTime>1700000000</creationTime>", ""), "creationTime", 1),
        (GOOD.replace("<name>a", "<memory snapshot='internal'/>\n<name>a"), "memory", 2),
        ("<!DOCTYPE a>" + GOOD, "document type", 1),
        (BOMB, "", None),
        ("<a>\x00</a>", "", None),
        ("<a>\ud800</a>", "Unicode", None),
        ("x" * 5_000_000, "4 MiB", None),
        ("<a>" * 5000, "well-formed", None),
    ],
)
def test_what_is_wrong_is_said_at_its_line(text: str, words: str, line: int | None) -> None:
    began = time.perf_counter()
    message, found = refused(text)
    assert words in message
    assert line is None or found == line
    assert time.perf_counter() - began < 0.5


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_a_file_in_any_encoding_that_it_declares_is_read(encoding: str) -> None:
    declared = {"utf-8-sig": "utf-8"}.get(encoding, encoding)
    text = f"<?xml version='1.0' encoding='{declared}'?>\n" + GOOD.replace(">a<", ">é<")
    assert read_definition(decode(text.encode(encoding))).record.name == "é"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n",
        bytes(range(256)) * 100,
        b"\x7fELF" + b"\0" * 5000,
        b"<?xml version='1.0' encoding='klingon'?><a/>",
        b"<a>\xff\xfe</a>",
        b" " * 50_000_000,
        b"<a>" + b"x" * 50_000_000,
        BOMB.encode(),
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>".encode("utf-16"),
    ],
    ids=lambda data: data[:12],
)
def test_a_file_that_is_no_xml_is_refused_soon_and_in_words(data: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(DefinitionError) as caught:
        read_definition(decode(data))
    assert str(caught.value)
    assert time.perf_counter() - began < 0.5


def test_a_name_a_parent_and_the_mark_change_and_the_rest_stays() -> None:
    changed = with_current(with_parent(with_name(GOOD, "b & <c>"), "q"), current=True)
    found = read_definition(changed)
    assert (found.record.name, found.record.parent, found.current) == ("b & <c>", "q", True)
    assert found.domain_name == "pisces"
    assert with_parent(with_name(GOOD, "b"), "p") == GOOD.replace("<name>a<", "<name>b<")
    assert read_definition(with_current(changed, current=False)).current is False


def test_a_root_gets_a_parent() -> None:
    root = GOOD.replace("<parent>\n    <name>p</name>\n  </parent>", "")
    assert read_definition(root).record.parent is None
    assert read_definition(with_parent(root, "p")).record.parent == "p"
