#!/usr/bin/env bash
# The test suite of psycopg 3, as its authors keep it, on a tenant in database isolation with `tenant_ddl`: directly as the
# tenant's role, through the gateway with session pooling, and with transaction pooling. Ends with the numbers of each and
# the tests that fail only through the gateway. Modes can be named: `scripts/client-suites.sh direct session`.
# SUITES_ONLY chooses files of the suite (`tests/test_copy.py`), SUITES_EXECUTABLE another executable than the debug build.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly SOURCE=$PWD/crates/cli/tests/clients FOLDER=$PWD/target/clients/suites
readonly PSYCOPG_URL=https://github.com/psycopg/psycopg PSYCOPG_TAG=3.3.4

say() { printf 'client-suites: %s\n' "$*"; }

prepare() {
    local names=$SOURCE/python/suite-requirements.txt
    mkdir -p "$FOLDER"
    if [[ ! -d $FOLDER/psycopg ]]; then
        git clone --quiet --depth 1 --branch "$PSYCOPG_TAG" "$PSYCOPG_URL" "$FOLDER/psycopg.new"
        mv "$FOLDER/psycopg.new" "$FOLDER/psycopg"
    fi
    if ! cmp --quiet "$names" "$FOLDER/python/made-from"; then
        rm -rf "$FOLDER/python"
        python3 -m venv "$FOLDER/python"
        "$FOLDER/python/bin/pip" install --quiet --disable-pip-version-check --no-deps --only-binary :all: --requirement "$names"
        cp "$names" "$FOLDER/python/made-from"
    fi
}

start() {
    app=$(mktemp -d)
    chmod 711 "$app"
    trap 'kill "$server" 2>/dev/null && wait "$server"; rm -rf "$app"' EXIT
    cp -r "$SOURCE/app/." "$app"
    "$tenantry" --dir "$app" up --http 127.0.0.1:0 --gateway 127.0.0.1:0 --ready-file "$app/ready.json" >"$FOLDER/server.log" 2>&1 &
    server=$!
    until [[ -s $app/ready.json ]]; do
        kill -0 "$server" || { cat "$FOLDER/server.log"; exit 1; }
        sleep 0.2
    done
    "$tenantry" --dir "$app" tenant create suite-co --isolation database >/dev/null
}

# libpq's way of writing a URL of this mode.
url_of() {
    case $1 in
    direct) "$tenantry" --dir "$app" url suite-co --direct 2>/dev/null ;;
    *)
        local url
        url=$("$tenantry" --dir "$app" url suite-co 2>/dev/null)
        [[ $url == *\?* ]] && url+='&' || url+='?'
        printf '%soptions=-ctenantry.pooling%%3D%s\n' "$url" "$1"
        ;;
    esac
}

run_suite() {
    local mode=$1 url
    url=$(url_of "$mode")
    say "psycopg $PSYCOPG_TAG, $mode"
    # shellcheck disable=SC2086
    (cd "$FOLDER/psycopg" && PYTHONPATH=$PWD PSYCOPG_IMPL=binary "$FOLDER/python/bin/python" -m pytest -q \
        --timeout 120 --test-dsn "$url" -m "not slow and not mypy and not crdb and not refcount" \
        --junitxml "$FOLDER/psycopg-$mode.xml" ${SUITES_ONLY:-tests} >"$FOLDER/psycopg-$mode.log" 2>&1) || true
    tail -n 1 "$FOLDER/psycopg-$mode.log"
}

main() {
    local modes=("$@") tenantry=${SUITES_EXECUTABLE:-$PWD/target/debug/tenantry} app server mode
    ((${#modes[@]} > 0)) || modes=(direct session transaction)
    [[ -n ${SUITES_EXECUTABLE:-} ]] || cargo build --quiet --package tenantry-cli
    prepare
    start
    for mode in "${modes[@]}"; do
        run_suite "$mode"
    done
    "$FOLDER/python/bin/python" "$SOURCE/python/compare_suites.py" "$FOLDER" psycopg "${modes[@]}"
}

main "$@"
