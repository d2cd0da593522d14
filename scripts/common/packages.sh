# Installs Debian packages that are missing. Sourced by scripts/setup and scripts/toolchain, which run under set -e.

# install_packages WHO NAME...   WHO starts each message.
install_packages() {
    local who=$1 missing=() package root=""
    shift
    for package in "$@"; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed \
            || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    if ! command -v apt-get >/dev/null; then
        name_other_packages "$who" "${missing[@]}"
        return 1
    fi
    [ "$(id -u)" -eq 0 ] || root=sudo
    echo "$who: reading the package lists"
    $root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    echo "$who: installing ${missing[*]}"
    # One line for each package that is unpacked or set up.
    $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
        | { grep -E '^(Need to get|Unpacking|Setting up)' || true; }
}

# Says how the packages are called on Fedora and its kin; elsewhere gives the names of Debian.
name_other_packages() {
    local who=$1 package names=()
    shift
    if ! command -v dnf >/dev/null; then
        echo "$who: this is not a Debian system; install the contents of these packages by hand: $*" >&2
        return
    fi
    for package in "$@"; do
        case $package in
            libzmq3-dev) names+=(zeromq-devel) ;;
            libdnnl-dev) names+=(onednn-devel) ;;
            zlib1g-dev) names+=(zlib-devel) ;;
            libzstd-dev) names+=(libzstd-devel) ;;
            libsqlite3-dev) names+=(sqlite-devel) ;;
            libxml2-dev) names+=(libxml2-devel) ;;
            libcurl4-openssl-dev) names+=(libcurl-devel) ;;
            libpython3-dev) names+=(python3-devel) ;;
            g++) names+=(gcc-c++) ;;
            libncurses-dev) names+=(ncurses-devel) ;;
            libedit2) names+=(libedit) ;;
            libc6-dev) names+=(glibc-devel) ;;
            gpg) names+=(gnupg2) ;;
            xz-utils) names+=(xz) ;;
            *) names+=("$package") ;;
        esac
    done
    echo "$who: install these packages, then run this again: sudo dnf install ${names[*]}" >&2
}
