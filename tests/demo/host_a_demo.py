"""Runs a demo on its own, as an application would, and does what its standard input says, a line each.

qemu:///embed takes one folder per process, so each demo of the tests has a process. Answers with a line of JSON each.
"""

import base64
import json
import sys
import threading

import libvirt

from snapgui.core.errors import SnapguiError
from snapgui.demo.session import Demo


def screen(connection: libvirt.virConnect, domain: libvirt.virDomain) -> str:
    stream = connection.newStream()
    domain.screenshot(stream, 0)
    picture = bytearray()
    while part := stream.recv(65536):
        picture += part
    stream.finish()
    return base64.b64encode(picture).decode()


def answer(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main() -> None:
    demo = Demo()
    connection = None
    for line in sys.stdin:
        command, *arguments = line.split()
        try:
            if command == "start":
                uri = demo.start()
                connection = libvirt.open(uri)
                answer(uri)
            elif command == "populate":
                told: list[str] = []
                demo.populate(told.append)
                answer(told)
            elif command == "begin":
                threading.Thread(target=demo.populate, args=(lambda _text: None,)).start()
                answer(None)
            elif command == "stop":
                demo.stop()
                answer(None)
            elif command == "screen":
                answer(screen(connection, connection.lookupByName("counter")))
            elif command == "snapshots":
                domain = connection.lookupByName("counter")
                answer([snapshot.getXMLDesc() for snapshot in domain.listAllSnapshots()])
            elif command == "revert":
                domain = connection.lookupByName("counter")
                answer(domain.revertToSnapshot(domain.snapshotLookupByName(arguments[0])))
        except SnapguiError as error:
            answer({"why": error.problem.why, "remedy": error.problem.remedy})


main()
