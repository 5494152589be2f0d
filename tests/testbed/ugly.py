"""Machines of libvirt's test driver that nobody likes to draw: odd names, very many snapshots, none at all."""

from collections.abc import Callable, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

UGLY = (
    ("日本語のスナップショット", "更新前の状態。ここへ戻る。"),
    ("لقطة قبل التحديث", "قبل تحديث النظام"),
    ("<b>bold</b> & <script>alert(1)</script>", "<img src='x'> is a text like any other"),
    ("👩‍🚀 before 🚀", "emoji, joined and single"),
    ("x" * 255, "the longest name that a file system takes"),
    ("no-description", ""),
    ("a description\tof many lines", "first line\nsecond line\n\n" + "a very long line that goes on and on " * 12),
)
_BODY = (
    "<name>{name}</name><uuid>{uuid}</uuid><memory>65536</memory><vcpu>1</vcpu><os><type>hvm</type></os>"
    "<devices>{disk}<graphics type='vnc'/></devices>"
)
_DISK = (
    "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/nonexistent/{name}.qcow2'/>"
    "<target dev='vda' bus='virtio'/></disk>"
)
_UUID = "6c1a0a5e-0000-4000-8000-00000000000{n}"
_LAST_YEAR = 1_750_000_000  # seconds since the epoch


def _snapshot(
    n: int,
    name: str,
    body: str,
    *,
    description: str = "",
    parent: str = "",
    state: str = "running",
    current: bool = False,
) -> str:
    above = f"<parent><name>{escape(parent)}</name></parent>" if parent else ""
    memory = "internal" if state == "running" else "no"
    return (
        f"<test:domainsnapshot><name>{escape(name)}</name><description>{escape(description)}</description>"
        f"<state>{state}</state>{above}<creationTime>{_LAST_YEAR + 7919 * n}</creationTime>"
        f"<memory snapshot='{memory}'/><disks><disk name='vda' snapshot='internal'/></disks>"
        f"<domain type='test'>{body}</domain><active>{int(current)}</active></test:domainsnapshot>"
    )


def _machine(n: int, name: str, snapshots: Callable[[str], Sequence[str]], *, state: int = 1) -> str:
    body = _BODY.format(name=name, uuid=_UUID.format(n=n), disk=_DISK.format(name=name))
    return (
        f"<domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'>{body}"
        f"<test:runstate>{state}</test:runstate>{''.join(snapshots(body))}</domain>"
    )


def _ugly(body: str) -> list[str]:
    names = [name for name, _ in UGLY]
    return [
        _snapshot(
            n,
            name,
            body,
            description=text,
            parent=names[n // 2] if n else "",
            state="running" if n % 2 else "shutoff",
            current=n == len(names) - 1,
        )
        for n, (name, text) in enumerate(UGLY)
    ]


def _off(body: str) -> list[str]:
    names = ("installed", "configured", "cleaned-up")
    return [
        _snapshot(n, name, body, parent=names[n - 1] if n else "", state="shutoff", current=n == len(names) - 1)
        for n, name in enumerate(names)
    ]


def _many(body: str) -> list[str]:
    return [
        _snapshot(
            n,
            f"nightly-{n}",
            body,
            description=f"night {n}",
            parent=f"nightly-{n - 1}" if n % 10 else "",
            current=n == 999,
        )
        for n in range(1000)
    ]


def ugly_host(folder: Path) -> str:
    """The URI of a host of libvirt's test driver with machines that nobody likes to draw."""
    file = folder / "ugly.xml"
    machines = (
        _machine(1, "aquarius", lambda _body: (), state=5),
        _machine(2, "gemini", _ugly),
        _machine(3, "pisces", _off, state=5),
        _machine(4, "taurus", _many, state=3),
    )
    file.write_text(f"<node>{''.join(machines)}</node>", encoding="utf-8")
    return f"test://{file}"
