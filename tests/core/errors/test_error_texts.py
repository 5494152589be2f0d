"""libvirt's errors in words that a user can act on, told apart by code and message."""

import pytest

from snapgui.core.errors.explain import explain

# Each message as libvirt 11.3 writes it, unless it is only an older one's.
TABLE = [
    (
        9,
        "operation failed: snapshot-save job failed: Error while writing VM state: Input/output error",
        "into the image",
        "Make room",
    ),
    (38, "Failed to create file '/a/b': Permission denied", "may not write /a/b", "AppArmor"),
    (38, "Failed to create file '/a/b': No such file or directory", "no folder for /a/b", "Make it"),
    (
        1,
        (
            "internal error: Child process (qemu-img create -f qcow2 /x/a) unexpected exit status 1: qemu-img: /x/a: "
            "Could not create '/x/a': No such file or directory"
        ),
        "no folder for /x/a",
        "Make it",
    ),
    (38, "missing existing file for disk vda: /a b/c: No such file or directory", "/a b/c, which", "prepared"),
    (
        1,
        (
            "internal error: unable to execute QEMU command 'migrate': Can't migrate the vm that was paused due to "
            "previous migration"
        ),
        "but once",
        "Resume",
    ),
    (9, "operation failed: domain is not running", "stopped in the middle", "log"),
    (
        84,
        (
            "Operation not supported: support for offline external snapshots while checkpoint exists was not yet "
            "implemented"
        ),
        "checkpoints",
        "Start",
    ),
    (35, "invalid snapshot name 'a/b': name can't contain '/'", "contain “/”", "another name"),
    (35, "invalid snapshot name '.a': name can't start with '.'", "start with a dot", "another name"),
    (9, "operation failed: domain moment known already exists", "already has a snapshot", "another name"),
    (
        9,
        "operation failed: snapshot-save job failed: Snapshot 'stray' already exists in one or more devices",
        "unknown to libvirt",
        "another name",
    ),
    (
        9,
        "operation failed: load of internal snapshot '1' job failed: Error -22 while loading VM state",
        "could not bring back the memory",
        "another snapshot",
    ),
    (
        67,
        "unsupported configuration: internal snapshot for disk vda unsupported for storage type raw",
        "Disk vda is raw",
        "Convert",
    ),
    (
        67,
        "unsupported configuration: internal and full system snapshots require all disks to be selected for snapshot",
        "every writable disk",
        "left out",
    ),
    (67, "unsupported configuration: nothing selected for snapshot", "every writable disk", "left out"),
    (
        67,
        "unsupported configuration: mixing internal and external targets for a snapshot is not yet supported",
        "others to external",
        "same kind",
    ),
    (
        67,
        "unsupported configuration: external snapshot file for disk vda already exists and is not a block device: /x",
        "disk vda should go on",
        "another name",
    ),
    (67, "unsupported configuration: source for disk 'vda' is not a regular file; refusing to", "Disk vda is not", ""),
    (
        84,
        "Operation not supported: source disk for 'vda' is not a regular file, reverting to snapshot is not supported",
        "Disk vda is not a file",
        "",
    ),
    (
        67,
        "unsupported configuration: deletion of external disk snapshot with multiple children snapshots not supported",
        "delete an external snapshot at this place",
        "one by one",
    ),
    (
        84,
        "Operation not supported: internal snapshots of a VM with pflash based firmware require QCOW2 nvram format",
        "UEFI",
        "qcow2",
    ),
    (
        84,
        "Operation not supported: internal snapshot of a running VM must include the memory state",
        "always includes its memory",
        "Take it with its memory",
    ),
    (
        84,
        "Operation not supported: deleting external snapshot that has internal snapshot as parent not supported",
        "below an internal one",
        "",
    ),
    (
        84,
        (
            "Operation not supported: disk image 'vda' for internal snapshot 'I1' is not the same as disk image "
            "currently used by VM"
        ),
        "another image of disk vda",
        "Shut the machine off",
    ),
    (
        84,
        "Operation not supported: qemu doesn't support taking snapshots of PMSUSPENDED guests",
        "put itself to sleep",
        "Wake",
    ),
    (
        77,
        (
            "revert requires force: snapshot without memory state, removal of existing managed saved state strongly "
            "recommended to avoid corruption"
        ),
        "saved state",
        "Remove the saved state",
    ),
    (77, "revert requires force: snapshot 'a' lacks domain 'pisces' rollback info", "revert to it", ""),
    (
        55,
        (
            "Requested operation is not valid: transient domain needs to request run or pause to revert to inactive "
            "snapshot"
        ),
        "transient",
        "running or paused",
    ),
    (
        55,
        "Requested operation is not valid: snapshot disk 'vda' was target of not completed snapshot delete",
        "disk vda is still half merged",
        "Delete that other",
    ),
    (55, "Requested operation is not valid: domain has active block job", "copying or merging", "Wait"),
    (
        55,
        "Requested operation is not valid: cannot delete inactive domain with 3 snapshots",
        "snapshots (3)",
        "Delete its snapshots",
    ),
    (
        55,
        "Requested operation is not valid: migration with transient disk is not supported",
        "transient disk",
        "Shut the machine off",
    ),
    (55, "Requested operation is not valid: domain is not running", "is off", ""),
    (55, "Requested operation is not valid: domain is already running", "already running", ""),
    (1, "An error occurred, but the cause is unknown", "does not hold the snapshot", "Check them"),
    (
        1,
        "internal error: unable to execute QEMU command 'snapshot-save': Invalid job ID 'internal-snapshot-save-a b'",
        "English letters",
        "another name",
    ),
    (1, "internal error: unable to save metadata for snapshot xxx", "does not know the snapshot", "shorter"),
    (27, "XML error: memory state cannot be saved with offline or disk-only snapshot", "has stopped", "Start it"),
    (1, "internal error: client socket is closed", "connection to the host was lost", "Connect again"),
    (9, "operation failed: ... Error: No space left on device", "disk is full", "Make room"),
    (
        74,
        "argument unsupported: QEMU guest agent is not configured",
        "no channel for a guest agent",
        "qemu-guest-agent",
    ),
    (86, "Guest agent is not responding: QEMU guest agent is not connected", "does not answer", "running in the guest"),
    (29, "operation virDomainSnapshotCreateXML forbidden for read only access", "read-only", "Connect again"),
    (88, "access denied: 'domain' denied access", "does not allow", "Ask"),
    (45, "authentication failed: polkit", "did not let you in", "libvirt"),
    (79, "authentication cancelled: user cancelled", "did not let you in", "libvirt"),
    (94, "authentication unavailable: no polkit agent", "did not let you in", "libvirt"),
    (72, "Domain snapshot not found: no domain snapshot with matching name 'x'", "not there any more", ""),
    (42, "Domain not found: no domain with matching uuid 'x' (pisces)", "not there any more", ""),
    (38, "Cannot recv data: Connection reset by peer", "was lost", "Connect again"),
    (38, "End of file while reading data: Input/output error", "was lost", "Connect again"),
    (
        38,
        "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
        "No libvirt daemon",
        "start it",
    ),
    (
        38,
        "Failed to connect socket to '/run/libvirt/virtlogd-sock': No such file or directory",
        "daemon virtlogd",
        "systemctl start virtlogd.socket",
    ),
    (
        38,
        "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
        "may not talk",
        "group",
    ),
    (38, "unable to connect to server at 'h:16509': Connection refused", "be reached", "address"),
    (39, "internal error: received hangup event on socket; connection closed due to keepalive timeout", "lost", "Con"),
    (7, "invalid domain pointer in virDomainGetXMLDesc", "was lost", "Connect again"),
    (
        68,
        "Timed out during operation: cannot acquire state change lock (held by monitor=remoteDispatchDomainSnapshot)",
        "busy with another operation",
        "Wait",
    ),
    (5, "no connection driver available for URI 'foo' does not include a driver name", "which driver", "Begin it"),
    (5, "no connection driver available for foo:///", "no driver for foo:///", "for QEMU and KVM"),
    (67, "unsupported configuration: libvirt was built without the 'hyperv' driver", "the driver “hyperv”", "another"),
    (
        8,
        "invalid argument: remote_open: transport in URL not recognised (should be tls|unix|ssh|ext|tcp|libssh)",
        "after “+”",
        "libssh2",
    ),
    (1, "internal error: Unable to parse URI qemu:/// system", "no URI that libvirt can read", "no spaces"),
    (1, "internal error: unexpected QEMU URI path '/nope', try qemu:///system", "“/nope” is no set", "/session"),
    (1, "internal error: IP address lookup for host 'h' failed: Name or service not known", "no host “h”", "network"),
    (38, "Unable to resolve address 'h' service '16509': Name or service not known", "no host “h”", "network"),
    (38, "Cannot read CA certificate '/etc/pki/CA/cacert.pem': No such file or directory", "for TLS", "details"),
    (78, "operation aborted: migration job: canceled by client", "cancelled", ""),
    (
        38,
        "Unable to read from monitor: Connection reset by peer",
        "QEMU ended in the middle",
        "state the machine is in",
    ),
]


@pytest.mark.parametrize(("code", "message", "why", "remedy"), TABLE, ids=[f"{row[0]}-{row[2]}" for row in TABLE])
def test_an_error_is_explained(code: int, message: str, why: str, remedy: str) -> None:
    problem = explain(code, message, "Taking it")
    assert why in problem.why
    assert remedy in problem.remedy
    assert bool(remedy) == bool(problem.remedy)
    assert (problem.tried, problem.raw, problem.code) == ("Taking it", message, code)


def test_an_unknown_error_is_told_in_libvirts_own_words() -> None:
    problem = explain(67, "unsupported configuration: {curious} 100%", "Taking it")
    assert problem.why == "unsupported configuration: {curious} 100%"
    assert problem.remedy == ""
    assert explain(4711, " ", "Taking it").why == "libvirt gave no reason."


def test_a_driver_that_libvirt_does_not_know_is_no_missing_daemon() -> None:
    message = "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory"
    problem = explain(38, message, "Connecting", "foo:///")
    assert "no driver “foo”" in problem.why
    assert "“qemu”" in problem.remedy
    assert problem.raw == message
    assert "daemon with the driver “vbox”" in explain(38, message, "Connecting", "vbox:///session").why
    assert "No libvirt daemon" in explain(38, message, "Connecting", "qemu:///system").why


def test_without_virtlogd_a_folder_of_one_s_own_can_do_without_it() -> None:
    message = "Failed to connect socket to '/run/libvirt/virtlogd-sock': No such file or directory"
    problem = explain(38, message, "Starting pisces", "qemu:///embed?root=/home/me/machines/")
    assert 'write stdio_handler = "file" into /home/me/machines/etc/qemu.conf' in problem.remedy
    assert "systemctl" not in problem.remedy


def test_a_text_counts_only_with_its_code() -> None:
    assert explain(55, "domain moment x already exists", "").why == "domain moment x already exists."
