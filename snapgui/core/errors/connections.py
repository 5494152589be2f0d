"""libvirt's errors about hosts: their URIs and the way to them."""

from snapgui.core.embedded import LOG_SETTING, settings_path
from snapgui.core.errors.meaning import Meaning
from snapgui.core.text import translate
from snapgui.core.uris import embedded_root


def check_the_beginning() -> str:
    return translate("Error", "Check the beginning of the URI: for QEMU and KVM it is “qemu”.")


def about_virtlogd(uri: str) -> tuple[str, str]:
    """The daemon that writes down what QEMU says can't be reached: why no machine starts, and what helps."""
    why = translate(
        "Error", "No machine starts without libvirt’s daemon virtlogd, which keeps QEMU’s log and can’t be reached."
    )
    root = embedded_root(uri)
    if not root:
        return why, translate("Error", "Start it on the host (systemctl start virtlogd.socket), or install it.")
    remedy = translate("Error", "Start it, or do without: write {line} into {path}, then open snapgui again.")
    return why, remedy.format(line=LOG_SETTING, path=settings_path(root))


def about_uris() -> tuple[Meaning, ...]:
    return (
        Meaning(
            (5,),
            "does not include a driver name",
            translate("Error", "The URI does not say which driver of libvirt is meant."),
            translate("Error", "Begin it with one, as qemu:///system does."),
        ),
        Meaning(
            (5,),
            r"no connection driver available for (?P<uri>\S+)",
            translate("Error", "libvirt has no driver for {uri} there."),
            check_the_beginning(),
        ),
        Meaning(
            (67,),
            "built without the '(?P<driver>[^']+)' driver",
            translate("Error", "The libvirt here was built without the driver “{driver}”."),
            translate("Error", "Use a libvirt that has it, or connect through the libvirt of another host."),
        ),
        Meaning(
            (8,),
            "transport in URL not recognised",
            translate("Error", "The part of the URI after “+” is no way to reach a host."),
            translate("Error", "Use ssh, libssh, libssh2, tls, tcp, unix or ext."),
        ),
        Meaning(
            (1,),
            "unable to parse URI",
            translate("Error", "This is no URI that libvirt can read."),
            translate("Error", "It has no spaces and looks like qemu:///system or qemu+ssh://host/system."),
        ),
        Meaning(
            (1, 8),
            r"unexpected (?P<driver>\S+) URI path '(?P<path>[^']*)'",
            translate("Error", "“{path}” is no set of machines of the driver “{driver}”."),
            translate("Error", "End the URI with /system, or with /session for your own machines."),
        ),
        Meaning(
            (1, 38),
            "(?:address lookup for host|resolve address) '(?P<host>[^']+)'",
            translate("Error", "There is no host “{host}”, as far as this computer can find out."),
            translate("Error", "Check its name, and the network."),
        ),
        Meaning(
            (38,),
            "Cannot read CA certificate|Cannot read certificate",
            translate("Error", "The certificates for TLS are not set up on this computer."),
            translate("Error", "Put them where the details say, or connect through SSH."),
        ),
    )


def about_connections() -> tuple[Meaning, ...]:
    return (
        Meaning(
            (29,),
            "",
            translate("Error", "The connection is read-only."),
            translate("Error", "Connect again with the right to change machines."),
        ),
        Meaning(
            (88,),
            "",
            translate("Error", "The host’s policy does not allow it to you."),
            translate("Error", "Ask whoever runs the host for the right to do it."),
        ),
        Meaning(
            (45, 79, 94),
            "",
            translate("Error", "The host did not let you in."),
            translate("Error", "Check user name and password; on this computer, be in the group “libvirt”."),
        ),
        Meaning(
            (38,),
            "Failed to connect socket.*No such file",
            translate("Error", "No libvirt daemon listens there."),
            translate("Error", "Install libvirt’s daemon on that host, or start it."),
        ),
        Meaning(
            (38,),
            "Failed to connect socket.*Permission denied",
            translate("Error", "You may not talk to that host’s libvirt."),
            translate("Error", "Be in the group “libvirt”, then log in again."),
        ),
        Meaning(
            (38,),
            "unable to connect to server|Failed to connect socket.*refused",
            translate("Error", "The host can’t be reached."),
            translate("Error", "Check its address, and that libvirt’s daemon runs there."),
        ),
        Meaning(
            (38,),
            r"Cannot recv data: (?P<said>(?:ssh:|Host key|[^ ]+: Permission denied).*?)(?:: Connection reset.*)?$",
            translate("Error", "SSH could not connect: {said}"),
            translate("Error", "Check the host’s name, and that SSH lets you in without asking."),
        ),
        Meaning(
            (38,),
            "Cannot recv data|End of file while reading|Broken pipe|Connection reset|Cannot write data",
            translate("Error", "The connection to the host was lost."),
            translate("Error", "Connect again, and look at what state the machine is in."),
        ),
        Meaning(
            (1, 6, 7, 39),
            "client socket is closed|keepalive|connection (was )?closed|invalid connection|invalid domain",
            translate("Error", "The connection to the host was lost."),
            translate("Error", "Connect again, and look at what state the machine is in."),
        ),
    )
