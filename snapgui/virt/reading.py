"""What is there, as records. Every function raises SnapguiError."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import libvirt

from snapgui.core.errors import Problem, SnapguiError
from snapgui.core.records import DomainId, DomainRecord, DomainState, HostRecord, HostState, Pause, SnapshotRecord
from snapgui.core.text import translate
from snapgui.core.xml.document import XmlError
from snapgui.core.xml.read import external_revert, read_snapshot
from snapgui.virt.errors import GONE, code_of
from snapgui.virt.line import CALLS_AT_ONCE, Line
from snapgui.virt.parallel import in_parallel

_BATCH = 32  # snapshots: with four batches at once and 10 ms a call, figures move three times a second

_STATES = {
    libvirt.VIR_DOMAIN_RUNNING: DomainState.RUNNING,
    libvirt.VIR_DOMAIN_BLOCKED: DomainState.RUNNING,  # runs, and waits for a resource
    libvirt.VIR_DOMAIN_PAUSED: DomainState.PAUSED,
    libvirt.VIR_DOMAIN_SHUTDOWN: DomainState.SHUTTING_DOWN,
    libvirt.VIR_DOMAIN_SHUTOFF: DomainState.SHUT_OFF,
    libvirt.VIR_DOMAIN_CRASHED: DomainState.CRASHED,
    libvirt.VIR_DOMAIN_PMSUSPENDED: DomainState.PM_SUSPENDED,
}
_PAUSES = {
    libvirt.VIR_DOMAIN_PAUSED_FROM_SNAPSHOT: Pause.REVERTED,
    libvirt.VIR_DOMAIN_PAUSED_MIGRATION: Pause.RESTORED,  # of a saved state that was started paused, too
}

_EXTERNAL_REVERT = 9_009_000  # the libvirt whose QEMU driver first has it


def read_host(line: Line, uri: str, *, in_process: bool, near: bool) -> HostRecord:
    """The host at the other end.

    A driver in this process is not asked for its capabilities but taken by its version: it would start every emulator
    that is installed first, for seconds. A daemon knows them, and its distributor may have changed what it can do.
    """
    with line.calling(translate("Read", "Reading about the host {uri}").format(uri=uri)) as connection:
        driver = connection.getType()
        return HostRecord(
            uri,
            HostState.CONNECTED,
            hostname=connection.getHostname(),
            driver=driver,
            libvirt_version=connection.getLibVersion(),
            hypervisor_version=connection.getVersion(),
            near=near,
            external_revert=driver == "QEMU"
            and (
                connection.getLibVersion() >= _EXTERNAL_REVERT
                if in_process
                else external_revert(connection.getCapabilities())
            ),
        )


def list_domains(line: Line, uri: str) -> tuple[DomainRecord, ...]:
    """All domains, in five round trips, and for each domain one, or two where it has snapshots."""
    tried = translate("Read", "Listing the machines of {uri}").format(uri=uri)
    filters = (
        0,
        libvirt.VIR_CONNECT_LIST_DOMAINS_PERSISTENT,
        libvirt.VIR_CONNECT_LIST_DOMAINS_MANAGEDSAVE,
        libvirt.VIR_CONNECT_LIST_DOMAINS_HAS_SNAPSHOT,
    )

    def matching(flag: int) -> tuple[int, dict[str, libvirt.virDomain]]:
        with line.calling(tried) as connection:
            return flag, {domain.UUIDString(): domain for domain in connection.listAllDomains(flag)}

    found = dict(in_parallel(matching, filters, CALLS_AT_ONCE))
    domains, persistent, managed_save, with_snapshots = (found[flag] for flag in filters)
    with line.calling(tried) as connection:
        states = _states(connection)

    def record(uuid: str) -> DomainRecord | None:
        domain = domains[uuid]
        try:
            with line.calling(tried):
                state, pause = states[uuid] if uuid in states else _standing(*domain.state())
                return DomainRecord(
                    DomainId(uri, uuid),
                    domain.name(),
                    state,
                    persistent=uuid in persistent,
                    managed_save=uuid in managed_save,
                    snapshot_count=domain.snapshotNum() if uuid in with_snapshots else 0,
                    pause=pause,
                    title=_title(domain),
                )
        except SnapguiError as error:
            if error.problem.code in GONE:
                return None
            return DomainRecord(DomainId(uri, uuid), domain.name(), problem=error.problem)

    return tuple(found for found in in_parallel(record, domains, CALLS_AT_ONCE) if found is not None)


def _states(connection: libvirt.virConnect) -> dict[str, tuple[DomainState, Pause]]:
    """By UUID; without those that the driver doesn't tell of all domains in one call."""
    try:
        stats = connection.getAllDomainStats(
            libvirt.VIR_DOMAIN_STATS_STATE, libvirt.VIR_CONNECT_GET_ALL_DOMAINS_STATS_NOWAIT
        )
    except libvirt.libvirtError as error:
        if code_of(error) == libvirt.VIR_ERR_NO_SUPPORT:
            return {}
        raise
    return {
        domain.UUIDString(): _standing(values["state.state"], values.get("state.reason", 0))
        for domain, values in stats
        if "state.state" in values
    }


def _standing(state: int, reason: int) -> tuple[DomainState, Pause]:
    """What libvirt's numbers for a state and its reason stand for."""
    found = _STATES.get(state, DomainState.UNKNOWN)
    return found, _PAUSES.get(reason, Pause.OTHER) if found is DomainState.PAUSED else Pause.OTHER


def read_domain(line: Line, domain_id: DomainId) -> DomainRecord | None:
    """One domain, or None where it is gone. Seven round trips."""
    tried = translate("Read", "Reading about the machine {uuid}").format(uuid=domain_id.uuid)
    try:
        with line.calling(tried) as connection:
            domain = connection.lookupByUUIDString(domain_id.uuid)
            state, pause = _standing(*domain.state())
            return DomainRecord(
                domain_id,
                domain.name(),
                state,
                persistent=bool(domain.isPersistent()),
                managed_save=bool(domain.hasManagedSaveImage()),
                snapshot_count=domain.snapshotNum(),
                pause=pause,
                title=_title(domain),
            )
    except SnapguiError as error:
        if error.problem.code in GONE:
            return None
        raise


_NO_TITLE = (libvirt.VIR_ERR_NO_DOMAIN_METADATA, libvirt.VIR_ERR_NO_SUPPORT, libvirt.VIR_ERR_OPERATION_INVALID)


def _title(domain: libvirt.virDomain) -> str:
    """Its ``<title>``, "" without one. Raises libvirtError.

    libvirt 11.3 keeps a transient domain whose revert failed, off and without a configuration to look into.
    """
    try:
        title: str = domain.metadata(libvirt.VIR_DOMAIN_METADATA_TITLE, None)
    except libvirt.libvirtError as error:
        if code_of(error) in _NO_TITLE:
            return ""
        raise
    return title


def current_name(domain: libvirt.virDomain) -> str | None:
    """The name of the current snapshot, None without one. Raises libvirtError."""
    try:
        name: str = domain.snapshotCurrent().getName()
    except libvirt.libvirtError as error:
        if code_of(error) == libvirt.VIR_ERR_NO_DOMAIN_SNAPSHOT:
            return None
        raise
    return name


def read_snapshots(
    line: Line,
    domain: libvirt.virDomain,
    names: Sequence[str],
    listed: Mapping[str, libvirt.virDomainSnapshot],
    at_once: int,
) -> Iterator[tuple[SnapshotRecord, ...]]:
    """The snapshots of these names in batches as they come, without those that are gone.

    ``listed`` spares a round trip for each name that it has; ``at_once`` is how many calls are made at a time.
    Unreadable XML gives a record with a problem.
    """
    tried = translate("Read", "Reading the snapshots of {machine}").format(machine=domain.name())

    def xml_of(name: str) -> str | None:
        try:
            snapshot = listed[name] if name in listed else domain.snapshotLookupByName(name)
            xml: str = snapshot.getXMLDesc()
        except libvirt.libvirtError as error:
            if code_of(error) in GONE:
                return None
            raise
        return xml

    def batch(some: Sequence[str]) -> tuple[SnapshotRecord, ...]:
        with line.calling(tried):
            texts = [(name, xml_of(name)) for name in some]
        return tuple(record_of(name, text) for name, text in texts if text is not None)

    batches = [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]
    yield from in_parallel(batch, batches, at_once)


def record_of(name: str, text: str) -> SnapshotRecord:
    """A snapshot from the XML that the host gave for this name; with a problem where it can't be read."""
    try:
        record = read_snapshot(text)
    except XmlError as error:
        tried = translate("Read", "Reading the snapshot “{name}”").format(name=name)
        return SnapshotRecord(name, problem=Problem(tried, str(error), raw=text))
    return record if record.name == name else replace(record, name=name)  # XML can't carry every name unchanged
