#!/usr/bin/env bash
# Real clients against the gateway: installs what they want under target/clients, then runs each through its script.
# `install` only installs. TENANTRY_CLIENTS_WITHOUT="django sqlx" leaves clients out, and says so; a client that can't be had
# otherwise ends this with an error. Further arguments go to cargo as they are (`--locked`).
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SOURCE=$PWD/crates/cli/tests/clients HOME_OF_CLIENTS=$PWD/target/clients
readonly PYTHON_CLIENTS="psycopg asyncpg sqlalchemy django" NODE_CLIENTS="node-postgres sequelize"

say() { printf 'clients: %s\n' "$*"; }
fail() {
    printf 'clients: %s\n' "$*" >&2
    exit 1
}

# wants NAME...: whether any of these clients is to be had.
wants() {
    local name without=${TENANTRY_CLIENTS_WITHOUT:-}
    for name in "$@"; do
        [[ " ${without//,/ } " == *" $name "* ]] || return 0
    done
    return 1
}

needs() {
    command -v "$1" >/dev/null ||
        fail "$1 is missing for ${*:2}: \`make deps\` tells how to get it, or leave them out with TENANTRY_CLIENTS_WITHOUT=\"${*:2}\""
}

# fresh FOLDER FILE...: whether FOLDER was made from these files as they are; else empties it.
fresh() {
    local folder=$1 sum
    shift
    sum=$(cat "$@" | cksum)
    if [[ -f $folder/.made-from && $(<"$folder/.made-from") == "$sum" ]]; then
        return 0
    fi
    rm -rf "$folder"
    mkdir -p "$folder"
    return 1
}

made() {
    local folder=$1
    shift
    cat "$@" | cksum >"$folder/.made-from"
}

install_python() {
    local folder=$HOME_OF_CLIENTS/python names=$SOURCE/python/requirements.txt
    needs python3 "$PYTHON_CLIENTS"
    if ! fresh "$folder" "$names"; then
        say "installing $PYTHON_CLIENTS"
        python3 -m venv "$folder" || fail "python3 can't make a virtual environment: install python3-venv"
        "$folder/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --requirement "$names"
        made "$folder" "$names"
    fi
}

# Node looks for modules beside the script that wants them, so the scripts go there too.
install_node() {
    local folder=$HOME_OF_CLIENTS/node packages=("$SOURCE/node/package.json" "$SOURCE/node/package-lock.json")
    needs node "$NODE_CLIENTS"
    needs npm "$NODE_CLIENTS"
    if ! fresh "$folder" "${packages[@]}"; then
        say "installing $NODE_CLIENTS"
        cp "${packages[@]}" "$folder"
        npm --prefix "$folder" ci --silent --ignore-scripts --no-audit --no-fund
        made "$folder" "${packages[@]}"
    fi
    cp "$SOURCE"/node/*.js "$folder"
}

install_java() {
    local folder=$HOME_OF_CLIENTS/java driver=/usr/share/java/postgresql.jar
    needs javac pgjdbc
    [[ -f $driver ]] || fail "$driver is missing for pgjdbc: \`make deps\` installs libpostgresql-jdbc-java"
    if ! fresh "$folder" "$SOURCE/java/Script.java"; then
        say "compiling for pgjdbc"
        javac -nowarn -d "$folder" -cp "$driver" "$SOURCE/java/Script.java"
        made "$folder" "$SOURCE/java/Script.java"
    fi
}

install() {
    # shellcheck disable=SC2086
    if wants $PYTHON_CLIENTS; then install_python; fi
    # shellcheck disable=SC2086
    if wants $NODE_CLIENTS; then install_node; fi
    if wants pgjdbc; then install_java; fi
    if wants sqlx; then
        cargo build --quiet --locked --manifest-path "$SOURCE/sqlx/Cargo.toml" --target-dir "$HOME_OF_CLIENTS/sqlx"
    fi
}

[[ -z ${TENANTRY_CLIENTS_WITHOUT:-} ]] || say "left out: $TENANTRY_CLIENTS_WITHOUT"
scripts/deps.sh clients
mkdir -p "$HOME_OF_CLIENTS"
install
if [[ ${1:-} != install ]]; then
    if cargo nextest --version >/dev/null 2>&1; then
        cargo nextest run "$@" --package tenantry-cli --test it --run-ignored all --no-fail-fast --success-output final clients::
    else
        cargo test "$@" --package tenantry-cli --test it clients:: -- --include-ignored --nocapture
    fi
fi
