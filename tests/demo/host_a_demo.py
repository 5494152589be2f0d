"""Runs a demo on its own, as an application would, and does what its standard input says, a line each.

qemu:///embed takes one folder per process, so each demo of the tests has a process. Answers with a line of JSON each.
"""

import base64
import json
import sys
import threading

from snapgui.core.errors import SnapguiError
from snapgui.demo.session import Demo, libvirt  # not by itself: snapgui loads it quietly
from snapgui.virt.host import Host


class Session:
    """What can be asked: each method answers with something that JSON can hold."""

    def __init__(self) -> None:
        self._demo = Demo()
        self._connection: libvirt.virConnect = None
        self._pictures: dict[str, str] = {}

    def start(self) -> str:
        uri = self._demo.start()
        self._connection = libvirt.open(uri)
        return uri

    def populate(self) -> list[str]:
        told: list[str] = []
        self._demo.populate(told.append, self._keep)
        return told

    def _keep(self, _host: Host, _uuid: str, name: str, picture: bytes) -> None:
        self._pictures[name] = base64.b64encode(picture).decode()

    def pictures(self) -> dict[str, str]:
        return self._pictures

    def begin(self) -> None:
        threading.Thread(target=self.populate).start()

    def stop(self) -> None:
        self._demo.stop()

    def screen(self) -> str:
        stream = self._connection.newStream()
        self._domain().screenshot(stream, 0)
        picture = bytearray()
        while part := stream.recv(65536):
            picture += part
        stream.finish()
        return base64.b64encode(picture).decode()

    def snapshots(self) -> list[str]:
        return [snapshot.getXMLDesc() for snapshot in self._domain().listAllSnapshots()]

    def revert(self, name: str) -> None:
        domain = self._domain()
        domain.revertToSnapshot(domain.snapshotLookupByName(name))

    def domain(self, method: str) -> object:
        return getattr(self._domain(), method)()

    def _domain(self) -> libvirt.virDomain:
        return self._connection.lookupByName("counter")


def main() -> None:
    session = Session()
    for line in sys.stdin:
        question, *arguments = line.split()
        try:
            answer = getattr(session, question)(*arguments)
        except SnapguiError as error:
            answer = {"why": error.problem.why, "remedy": error.problem.remedy}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


main()
