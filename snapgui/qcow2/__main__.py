"""``python -m snapgui.qcow2 IMAGE``: what each snapshot in an image takes, and what deleting some gives back.

Reads the metadata of a local file, without locks and without writing. Exit status 1 and one line on standard error for
a file that can't be read, is damaged or no qcow2, and for a snapshot that is not in it.
"""

import argparse
import json
import os
import sys
from io import TextIOWrapper

from snapgui.qcow2.clusters import Clusters, Held, read_clusters
from snapgui.qcow2.errors import Qcow2Error
from snapgui.qcow2.source import LocalFile

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_UNIT_BITS = 10


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m snapgui.qcow2",
        description="Say what each snapshot in a qcow2 image takes, and what deleting some of them gives back."
        " All is told as the image stands: while a machine runs on it, QEMU may write down later that it is done with a"
        " snapshot's memory, and deleting that snapshot frees more then.",
    )
    parser.add_argument("image", metavar="IMAGE", help="a qcow2 image; it may be in use")
    parser.add_argument("--json", action="store_true", help="print one JSON object, sizes in bytes")
    parser.add_argument(
        "--delete",
        metavar="NAME",
        action="append",
        default=[],
        help="say what deleting this snapshot would free; may be given several times, for all of them together. Of"
        " several snapshots with one name the first is meant, as with qemu-img; NAME given again means the next.",
    )
    return parser.parse_args()


def _as_json(image: str, clusters: Clusters, freed: Held) -> str:
    found = {
        "image": image,
        "cluster_size": clusters.cluster_size,
        "active": {"exclusive_bytes": clusters.active.total},
        "snapshots": [
            {
                "id": snapshot.id,
                "name": snapshot.name,
                "vm_state_size": snapshot.vm_state_size,
                "exclusive_bytes": held.total,
            }
            for snapshot, held in zip(clusters.snapshots, clusters.exclusive, strict=False)
        ],
        "freed_bytes": freed.total,
    }
    return json.dumps(found, indent=4)


def _as_text(clusters: Clusters, freed: Held, names: list[str]) -> str:
    rows: list[tuple[str, ...]] = [("ID", "Name", "Memory", "Disk", "Frees")]
    rows += [
        (snapshot.id, snapshot.name, _size(snapshot.vm_state_size), _size(held.disk), _size(held.total))
        for snapshot, held in zip(clusters.snapshots, clusters.exclusive, strict=False)
    ]
    rows.append(("", "now", _size(clusters.active.memory), _size(clusters.active.disk), ""))
    rows = [tuple(_printable(text) for text in row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([*map(str.ljust, row[:2], widths[:2]), *map(str.rjust, row[2:], widths[2:])]).rstrip() for row in rows
    ]
    lines.append("")
    lines.append("Disk is what only that snapshot holds, Frees what deleting it alone gives back.")
    if clusters.active.memory:
        lines.append("The memory of now is left from a revert: no snapshot needs it.")
    if clusters.shared is not None and clusters.shared[-1].memory:
        lines.append(
            "Frees is without memory that now refers to as well: while the machine runs, QEMU may drop that later."
        )
    if names:
        listed = ", ".join(map(_printable, names))
        lines.append(
            f"Deleting {listed} frees {_size(freed.total)} ({freed.total} bytes). The file itself does not shrink."
        )
    return "\n".join(lines)


def _size(size: int) -> str:
    """Half a tenth is rounded up, as in the window."""
    power = min(max(size.bit_length() - 1, 0) // _UNIT_BITS, len(_UNITS) - 1)
    tenths = ((size * 20 >> power * _UNIT_BITS) + 1) // 2
    return f"{tenths // 10}.{tenths % 10} {_UNITS[power]}" if power else f"{size} B"


def _as_in_table(argument: str) -> str:
    """A name of the command line as the reader of the snapshot table has it, if it is no text either."""
    return os.fsencode(argument).decode(errors="backslashreplace")


def _printable(text: str) -> str:
    """A name may hold anything, such as what a terminal takes for a command."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def main() -> int:
    """Print the figures; the exit status."""
    chosen = _arguments()
    if isinstance(sys.stdout, TextIOWrapper):  # a name may have what the terminal's character set has not
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        source = LocalFile(chosen.image)
        try:
            clusters = read_clusters(source, shared=not chosen.json)
        finally:
            source.close()
        freed = clusters.freed(clusters.places(map(_as_in_table, chosen.delete)))
    except Qcow2Error as error:
        print(_printable(f"{chosen.image}: {error}"), file=sys.stderr)
        return 1
    except KeyError as error:
        often = [*map(_as_in_table, chosen.delete)].count(error.args[0]) > 1
        print(_printable(f"{chosen.image}: no snapshot '{error.args[0]}'" + " left" * often), file=sys.stderr)
        return 1
    except OSError as error:
        print(_printable(f"{chosen.image}: {error.strerror or error}"), file=sys.stderr)
        return 1
    text = (
        _as_json(os.fspath(chosen.image), clusters, freed) if chosen.json else _as_text(clusters, freed, chosen.delete)
    )
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
