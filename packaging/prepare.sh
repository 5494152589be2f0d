# shellcheck shell=sh
# Sourced by run and test, which set $root to the checkout. Everything is looked up without the network first; only what
# is missing is fetched. /usr/bin/python3 is Debian's own, which sees Debian's python3-libvirt: no compiler is needed.

RUN_PACKAGES="python3 python3-venv python3-libvirt python3-numpy
    libxcb-cursor0 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-shm0
    libxcb-sync1 libxcb-xfixes0 libxcb-xkb1 libxkbcommon0 libxkbcommon-x11-0 libwayland-cursor0 libwayland-egl1
    libgl1 libegl1 libdbus-1-3 libfontconfig1 fonts-dejavu-core
    qemu-system-x86 qemu-utils libvirt-clients libvirt-daemon-driver-qemu"

# packaging/test needs these as well.
TEST_PACKAGES="xvfb openbox dbus at-spi2-core python3-pyatspi python3-gi imagemagick xdotool x11-utils virt-viewer
    libvirt-daemon busybox-static cpio kmod xz-utils git tini
    shellcheck desktop-file-utils appstream"
# From libvirt 11 on, Debian ships the storage driver and virtlogd apart from the daemon.
case $(dpkg-query -W -f '${Version}' libvirt0 2>/dev/null)$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}") in
    9.*bookworm | bookworm) ;;
    *) TEST_PACKAGES="$TEST_PACKAGES libvirt-daemon-driver-storage libvirt-daemon-log" ;;
esac

say() {
    printf '%s\n' "$*" >&2
}

fail() {
    say "$*"
    exit 1
}

# Prints those of the packages named that are not installed, a space after each.
missing_packages() {
    installed=" $(dpkg-query -W -f '${db:Status-Status}:${Package} ' "$@" 2>/dev/null || true) "
    for package; do
        case $installed in
            *" installed:$package "*) ;;
            *) printf '%s ' "$package" ;;
        esac
    done
}

# apt-get as root, asking nothing.
apt() {
    if [ "$(id -u)" -eq 0 ]; then
        DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" </dev/null >&2
    else
        sudo env DEBIAN_FRONTEND=noninteractive \
            apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 "$@" >&2
    fi
}

# Installs those of the packages named that are missing.
install_packages() {
    command -v dpkg-query >/dev/null || fail "$0: this is not a Debian system; README.md names what snapgui needs."
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        fail "$0: neither root nor sudo is here to install: $missing"
    fi
    say "Installing: $missing"
    # A source that can't be reached needn't be the one that has the packages: the installation tells.
    apt update || true
    # shellcheck disable=SC2086 # a list of names without blanks
    apt install --no-install-recommends $missing && return 0
    # shellcheck disable=SC2086 # as above
    missing=$(missing_packages $missing)
    unknown=
    for package in $missing; do
        apt-cache show "$package" >/dev/null 2>&1 || unknown="$unknown$package "
    done
    [ -z "$unknown" ] || say "None of this system's package sources has: $unknown"
    fail "$0: apt could not install: $missing- see its message above; check the network and apt's sources, then try again."
}

# As root, libvirt 9 doesn't start its QEMU driver without this user, even where another one is configured. Debian 12 makes
# it with the system's daemon, which snapgui doesn't need.
provide_qemu_user() {
    [ "$(id -u)" -eq 0 ] && ! getent passwd libvirt-qemu >/dev/null || return 0
    case $(dpkg-query -W -f '${Version}' libvirt0) in
        9.*) useradd --system --user-group --home-dir /var/lib/libvirt --shell /usr/sbin/nologin libvirt-qemu ;;
    esac
}

# Makes $root/.venv, with the project in it and the optional dependencies named ("" or "test").
prepare_venv() {
    venv=$root/.venv
    base="$(readlink -f /usr/bin/python3) $root"
    wanted="$base $(sha256sum <"$root/pyproject.toml")"
    stamp=$venv/.snapgui-${1:-run}
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
    if [ "$(cat "$venv/.snapgui-base" 2>/dev/null)" != "$base" ]; then
        /usr/bin/python3 -m venv --clear --system-site-packages "$venv" || fail "$0: could not make $venv"
        printf '%s\n' "$base" >"$venv/.snapgui-base"
    fi
    say "Installing snapgui into $venv: this takes some minutes the first time"
    "$venv/bin/python" -m pip install --quiet --no-input --disable-pip-version-check -e "$root${1:+[$1]}" </dev/null >&2 ||
        fail "$0: pip could not install snapgui: see its message above; it needs the network the first time."
    printf '%s\n' "$wanted" >"$stamp"
    [ "${1:-run}" = run ] || cp "$stamp" "$venv/.snapgui-run"
}
