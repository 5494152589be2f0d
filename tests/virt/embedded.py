"""Run by test_embedded.py in a process of its own, for libvirt takes one folder per process: argv[1] is the folder."""

import json
import os
import subprocess
import sys
from pathlib import Path

from snapgui.core.plan import Call, Step
from snapgui.core.records import DomainId
from snapgui.virt.host import Host

_SETTINGS = """\
stdio_handler = "file"
security_driver = "none"
namespaces = []
cgroup_controllers = []
remember_owner = 0
"""
_ROOTS_SETTINGS = 'user = "root"\ngroup = "root"\n'
_UUID = "5d8f1a3c-4f0b-4c9e-9d57-2f3f1a0c7e11"
_DOMAIN = """\
<domain type='qemu'>
  <name>tiny</name><uuid>{uuid}</uuid><memory unit='MiB'>16</memory><vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file'><driver name='qemu' type='qcow2'/><source file='{disk}'/><target dev='vda' bus='virtio'/></disk>
    <memballoon model='none'/>
  </devices>
</domain>
"""

root = Path(sys.argv[1])
(root / "etc").mkdir()
(root / "etc" / "qemu.conf").write_text(_SETTINGS + (_ROOTS_SETTINGS if os.geteuid() == 0 else ""))
disk = root / "disk.qcow2"
subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", disk, "8M"], check=True)

host = Host.open(f"qemu:///embed?root={root}", lambda _: None)
(connection,) = host._connections
connection.libvirt.defineXML(_DOMAIN.format(uuid=_UUID, disk=disk))
domain = DomainId(host.uri, _UUID)
try:
    host.run(Step(Call.CREATE, domain, "tiny"))
    xml = "<domainsnapshot><name>live</name></domainsnapshot>"
    host.run(Step(Call.SNAPSHOT_CREATE, domain, "tiny", "live", xml))
    (records,) = host.read_snapshots(_UUID, ("live",))
    told = {
        "driver": host.read_host().driver,
        "external revert": host.read_host().external_revert,
        "as told": "<externalSnapshot" in connection.libvirt.getCapabilities(),
        "states": [record.state.value for record in host.list_domains()],
        "size": host.memory_sizes(_UUID, records)["live"].bytes,
    }
finally:
    host.run(Step(Call.DESTROY, domain, "tiny"))
    host.close()
print(json.dumps(told))
