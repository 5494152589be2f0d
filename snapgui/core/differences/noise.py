"""What in two configurations is no difference: what libvirt chooses by itself and writes anew at each start."""

import re
from typing import Final
from xml.etree.ElementTree import Element, SubElement

from snapgui.core.xml.read import size

_SIZES: Final = frozenset({"memory", "currentMemory", "maxMemory"})
_GENERATED_TAP: Final = re.compile(r"(vnet|vif|macvtap|macvlan)\d+")  # src/util/virnetdev.h
_GENERATED_SOCKET: Final = re.compile(r"/channel/(target/)?(domain-)?[^/]+/[^/]+$")  # qemuDomainChrDefDropDefaultPath


_CHARACTER_DEVICES: Final = frozenset({"serial", "console", "parallel", "channel"})


def drop_noise(root: Element) -> None:
    root.attrib.pop("id", None)
    for label in root.findall("seclabel[@type='dynamic']"):
        _drop(label, "label", "imagelabel")
        if len(label) == 0 and label.get("relabel", "yes") == "yes":
            root.remove(label)
    resource = root.find("resource")
    if resource is not None and resource.findtext("partition") == "/machine":
        _drop(resource, "partition")
        if len(resource) == 0:
            root.remove(resource)
    for devices in root.iterfind("devices"):
        for device in devices:
            _drop_device_noise(device)


def _drop_device_noise(device: Element) -> None:
    _drop(device, "address", "backingStore", "mirror")
    for alias in device.findall("alias"):
        if not alias.get("name", "").startswith("ua-"):  # those are the user's own
            device.remove(alias)
    for source in device.iterfind("source"):
        source.attrib.pop("index", None)
    if device.tag == "disk" and device.find("source") is None:
        for driver in device.iterfind("driver"):
            driver.attrib.pop("type", None)  # of a medium that is not there: a running machine does not say it
    if device.tag in _CHARACTER_DEVICES:
        _drop_character_device_noise(device)
    target = device.find("target")
    if device.tag == "interface" and target is not None and _GENERATED_TAP.fullmatch(target.get("dev", "")):
        target.attrib.pop("dev")
        if not target.attrib and len(target) == 0:
            device.remove(target)
    if device.tag == "graphics":
        _drop_graphics_noise(device)


def _drop_character_device_noise(device: Element) -> None:
    device.attrib.pop("tty", None)
    for target in device.iterfind("target"):
        target.attrib.pop("state", None)
    for source in device.findall("source"):
        path = source.get("path", "")
        if device.get("type") == "pty" or (device.get("type") == "unix" and _GENERATED_SOCKET.search(path)):
            source.attrib.pop("path", None)
            if set(source.attrib) <= {"mode"} and len(source) == 0:
                device.remove(source)


def _drop_graphics_noise(device: Element) -> None:
    if device.get("autoport") == "yes":
        device.attrib.pop("port", None)
        device.attrib.pop("tlsPort", None)
    if device.find("listen") is not None:  # which says the same
        device.attrib.pop("listen", None)
    for listen in device.iterfind("listen[@type='network']"):
        listen.attrib.pop("address", None)


def _drop(element: Element, *tags: str) -> None:
    for tag in tags:
        for child in element.findall(tag):
            element.remove(child)


def settle_sizes(root: Element) -> None:
    """Write every size in bytes."""
    for element in root.iter():
        if element.tag in _SIZES or element.get("unit") is not None:
            amount = size(element)
            if amount is not None:
                element.text = str(amount)
                element.attrib.pop("unit", None)


def settle_defaults(*roots: Element) -> None:
    """What is the same as another value by default is left out, or said where the other document has its own."""
    memories = [(root, root.find("memory"), root.find("currentMemory")) for root in roots]
    own = [now is not None and most is not None and now.text != most.text for _, most, now in memories]
    for root, most, now in memories:
        if now is not None and not any(own):
            root.remove(now)
        elif now is None and most is not None and any(own):
            SubElement(root, "currentMemory").text = most.text
    vcpus = [vcpu for root in roots if (vcpu := root.find("vcpu")) is not None]
    some = any(vcpu.get("current", vcpu.text) != vcpu.text for vcpu in vcpus)
    for vcpu in vcpus:
        if not some:
            vcpu.attrib.pop("current", None)
        elif vcpu.text:
            vcpu.attrib.setdefault("current", vcpu.text)
        if vcpu.get("placement") == "static":
            vcpu.attrib.pop("placement")


def settle_live(live: Element, persistent: Element) -> None:
    """Leave out of a running machine what libvirt has worked out from what is configured."""
    _settle_cpu(live, persistent)
    for configured in persistent.iterfind("devices/graphics"):
        runs = live.find(f"devices/graphics[@type='{configured.get('type', '')}']")
        if runs is not None:
            _settle_graphics(runs, configured)
    interfaces = {_mac(each): each for each in live.iterfind("devices/interface")}
    for configured in persistent.iterfind("devices/interface[@type='network']"):
        runs = interfaces.get(_mac(configured))
        if runs is not None:
            _settle_interface(runs, configured)


def _settle_graphics(live: Element, configured: Element) -> None:
    """The host's own address, where none is given (``vnc_listen`` in qemu.conf), and the GPU that draws."""
    for tag, attribute in (("listen", "address"), ("gl", "rendernode")):
        wanted = configured.find(tag)
        for element in live.iterfind(tag):
            if wanted is not None and wanted.get(attribute) is None:
                element.attrib.pop(attribute, None)


def _settle_interface(live: Element, configured: Element) -> None:
    """How the network is reached that it belongs to: virDomainActualNetDefContentsFormat."""
    for element in live.findall("source"):
        if element.get("network") is not None:
            live.set("type", "network")
            for name in ("portid", "bridge", "dev", "mode"):
                element.attrib.pop(name, None)
    for tag in ("virtualport", "vlan", "bandwidth", "mtu"):
        if configured.find(tag) is None:
            _drop(live, tag)


def _mac(interface: Element) -> str:
    mac = interface.find("mac")
    return "" if mac is None else mac.get("address", "").lower()


def _settle_cpu(live: Element, persistent: Element) -> None:
    for root in (live, persistent):
        for cpu in root.iterfind("cpu"):
            cpu.attrib.pop("check", None)
            for model in cpu.iterfind("model"):
                model.attrib.pop("fallback", None)
    runs, configured = live.find("cpu"), persistent.find("cpu")
    if runs is None:
        return
    if configured is None or configured.get("mode") in ("host-model", "maximum"):
        live.remove(runs)
        if configured is not None:
            persistent.remove(configured)
        return
    known = {feature.get("name") for feature in configured.iterfind("feature")}
    for feature in runs.findall("feature"):
        if feature.get("name") not in known:
            runs.remove(feature)
