"""The XML of a machine that is there to have snapshots taken of it, and does nothing."""

from pathlib import Path


def tiny_machine(name: str, disk: Path, devices: str = "") -> str:
    """16 MiB of memory and one qcow2 disk; ``devices`` is the XML of more."""
    return f"""\
<domain type='qemu'>
  <name>{name}</name>
  <memory unit='MiB'>16</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='qcow2'/>
      <source file='{disk}'/>
      <target dev='vda' bus='virtio'/>
    </disk>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    {devices}
  </devices>
</domain>
"""
