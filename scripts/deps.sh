#!/usr/bin/env bash
# Installs what building and running Tenantry needs and this machine lacks: on Debian and Ubuntu by itself, as
# root or with sudo; elsewhere it names what to install. With nothing missing it does nothing.
# `clients`: what the real clients want besides (scripts/clients.sh); `pgbouncer`: what bench-gateway compares with.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly POSTGRES_MIN=15 POSTGRES_MAX=18
# Read by postgresql-common when a server package is installed; ours for the length of this script.
readonly NO_CLUSTER=/etc/postgresql-common/createcluster.d/tenantry-deps.conf

say() { printf 'deps: %s\n' "$*"; }
fail() {
    printf 'deps: %s\n' "$*" >&2
    exit 1
}

# --- what is missing -------------------------------------------------------------------------------------

# The folders that Tenantry itself searches for server binaries.
postgres_folders() {
    [[ -z ${TENANTRY_PG_BIN:-} ]] || printf '%s\n' "$TENANTRY_PG_BIN"
    local initdb
    initdb=$(command -v initdb || true)
    [[ -z $initdb ]] || dirname "$(readlink -f "$initdb")"
    compgen -G '/usr/lib/postgresql/*/bin' || true
    compgen -G '/usr/pgsql-*/bin' || true
    compgen -G '/opt/homebrew/opt/postgresql@*/bin' || true
    compgen -G '/usr/local/opt/postgresql@*/bin' || true
}

# The version of the server in a folder that holds its programs; the clients' may stand on the PATH.
postgres_version() {
    local program
    for program in initdb postgres pg_ctl; do
        [[ -x $1/$program ]] || return 1
    done
    for program in psql pg_dump; do
        [[ -x $1/$program ]] || command -v "$program" >/dev/null || return 1
    done
    "$1/postgres" --version | sed -E 's/^[^0-9]*([0-9]+).*/\1/'
}

has_postgres() {
    local folder version
    while IFS= read -r folder; do
        version=$(postgres_version "$folder") || continue
        ((version >= POSTGRES_MIN && version <= POSTGRES_MAX)) && return 0
    done < <(postgres_folders)
    return 1
}

has_libclang() {
    [[ -z ${LIBCLANG_PATH:-} ]] || return 0
    command -v clang >/dev/null || return 1
    [[ $(uname) != Darwin ]] || return 0
    compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null ||
        compgen -G '/usr/lib*/libclang*.so*' >/dev/null ||
        compgen -G '/usr/lib/*-linux-gnu/libclang*.so*' >/dev/null
}

missing() {
    command -v cc >/dev/null || echo gcc
    command -v make >/dev/null || echo make
    has_libclang || echo clang
    has_postgres || echo postgresql
    case $1 in
    clients) missing_for_clients ;;
    pgbouncer) [[ -x /usr/sbin/pgbouncer ]] || command -v pgbouncer >/dev/null || echo pgbouncer ;;
    esac
}

# Of clients that are left out, nothing is missing.
missing_for_clients() {
    local without=" ${TENANTRY_CLIENTS_WITHOUT:-} "
    without=${without//,/ }
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    [[ $without == *" node-postgres "* && $without == *" sequelize "* ]] ||
        { command -v node && command -v npm; } >/dev/null || echo nodejs
    [[ $without == *" pgjdbc "* ]] || {
        command -v javac >/dev/null || echo jdk
        [[ -f /usr/share/java/postgresql.jar ]] || echo pgjdbc
    }
}

# --- Rust ------------------------------------------------------------------------------------------------

check_rust() {
    local wanted found
    wanted=$(sed -nE 's/^rust-version = "([0-9.]+)"/\1/p' Cargo.toml)
    if ! command -v cargo >/dev/null || ! command -v rustc >/dev/null; then
        fail "Rust is missing: install $wanted or later from https://rustup.rs, then run this again"
    fi
    found=$(rustc --version | sed -E 's/^rustc ([0-9]+\.[0-9]+).*/\1/')
    [[ $(printf '%s\n' "$wanted" "$found" | sort -V | head -n 1) == "$wanted" ]] ||
        fail "Rust $found is too old: run \`rustup update\` to get $wanted or later"
}

# --- Debian and Ubuntu -----------------------------------------------------------------------------------

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "run this as root, or install sudo: $*"
    fi
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes \
        -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@" </dev/null
}

# The newest server package that the package sources offer, within what Tenantry supports.
postgres_package() {
    local version
    for ((version = POSTGRES_MAX; version >= POSTGRES_MIN; version--)); do
        if apt-cache show "postgresql-$version" >/dev/null 2>&1; then
            echo "postgresql-$version"
            return 0
        fi
    done
    return 1
}

# Tenantry starts servers of its own: Debian's default one would only hold port 5432 and memory.
install_postgres() {
    local package
    apt install --no-install-recommends postgresql-common
    if ! package=$(postgres_package); then
        say "this release has no PostgreSQL $POSTGRES_MIN or later: adding the sources of apt.postgresql.org"
        apt install --no-install-recommends ca-certificates
        as_root /usr/share/postgresql-common/pgdg/apt.postgresql.org.sh -y </dev/null
        package=$(postgres_package) || fail "apt.postgresql.org has no PostgreSQL for this release"
    fi
    trap 'as_root rm -f "$NO_CLUSTER"' EXIT
    as_root mkdir -p "$(dirname "$NO_CLUSTER")"
    echo 'create_main_cluster = false' | as_root tee "$NO_CLUSTER" >/dev/null
    apt install --no-install-recommends "$package" "${package/postgresql/postgresql-client}"
}

install_on_debian() {
    local packages=() name postgres=false
    for name in "$@"; do
        case $name in
        gcc) packages+=(gcc libc6-dev) ;;
        make) packages+=(make) ;;
        clang) packages+=(clang libclang-dev) ;;
        python3-venv | pgbouncer) packages+=("$name") ;;
        nodejs) packages+=(nodejs npm) ;;
        jdk) packages+=(default-jdk-headless) ;;
        pgjdbc) packages+=(libpostgresql-jdbc-java) ;;
        postgresql) postgres=true ;;
        esac
    done
    apt update
    ((${#packages[@]} == 0)) || apt install --no-install-recommends "${packages[@]}"
    [[ $postgres == false ]] || install_postgres
}

# --- elsewhere -------------------------------------------------------------------------------------------

name_what_to_install() {
    local id=$1
    shift
    say "missing: $*"
    [[ $wanted == build ]] ||
        fail "install what is named, or leave clients out with TENANTRY_CLIENTS_WITHOUT (pgjdbc's jar goes to /usr/share/java)"
    case $id in
    fedora | rhel | centos | rocky | almalinux)
        fail "run: sudo dnf install gcc make clang clang-devel postgresql-server postgresql postgresql-contrib" ;;
    arch | manjaro)
        fail "run: sudo pacman -S --needed gcc make clang postgresql" ;;
    darwin)
        fail "run: xcode-select --install; brew install llvm postgresql@17" ;;
    *)
        fail "install a C compiler, make, clang with libclang, and PostgreSQL $POSTGRES_MIN to $POSTGRES_MAX with its contrib modules" ;;
    esac
}

# --- all together ----------------------------------------------------------------------------------------

# The distribution's name, or the one it is derived from.
system() {
    if [[ $(uname) == Darwin ]]; then
        echo darwin
    elif command -v apt-get >/dev/null; then
        echo debian
    elif [[ -r /etc/os-release ]]; then
        sed -nE 's/^ID="?([a-z]+).*/\1/p' /etc/os-release
    else
        echo unknown
    fi
}

# Fills the array `absent`. (No mapfile: macOS has bash 3.2.)
look() {
    local name
    absent=()
    while IFS= read -r name; do
        absent+=("$name")
    done < <(missing "$wanted")
}

main() {
    local absent wanted=${1:-build}
    check_rust
    look
    if ((${#absent[@]} == 0)); then
        say "nothing is missing"
        return
    fi
    if [[ $(system) != debian ]]; then
        name_what_to_install "$(system)" "${absent[@]}"
    fi
    say "installing what is missing: ${absent[*]}"
    install_on_debian "${absent[@]}"
    look
    ((${#absent[@]} == 0)) || fail "still missing after the installation: ${absent[*]}"
    say "installed"
}

main "$@"
