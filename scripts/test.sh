#!/usr/bin/env bash
# Runs every check of the project, from the quickest to the slowest, and ends with its figures.
# Arguments go to cargo as they are (`--locked`).
set -euo pipefail
cd "$(dirname "$0")/.."

log=$(mktemp)
trap 'rm -f "$log"' EXIT
figures=()

# step NAME COMMAND...: runs the command with its output kept in $log, and notes the seconds.
step() {
    local name=$1 started=$SECONDS
    shift
    printf '\n== %s\n' "$name"
    if ! "$@" 2>&1 | tee "$log"; then
        printf '\n== %s FAILED after %s s\n' "$name" "$((SECONDS - started))" >&2
        exit 1
    fi
    figures+=("$name: $((SECONDS - started)) s")
}

# note PATTERN: puts the matching lines of the last step's output under its figure.
note() {
    local line
    while IFS= read -r line; do
        figures+=("    $line")
    done < <(sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -E "$1" | sed 's/^ *//')
}

step "format" cargo fmt --all --check
step "clippy" cargo clippy "$@" --workspace --all-targets -- -D warnings
step "tidy" cargo xtask tidy
note '^tidy:'
if cargo nextest --version >/dev/null 2>&1; then
    step "tests" cargo nextest run "$@" --workspace --no-fail-fast
    note '^ *Summary '
else
    step "tests" cargo test "$@" --workspace --lib --bins --tests --no-fail-fast
    note '^test result:'
fi
step "clients of the gateway" scripts/clients.sh "$@"
note '^ *Summary |^clients: left out'
step "examples in the documentation" cargo test "$@" --workspace --doc
note '^test result: .* [1-9][0-9]* (passed|failed)'

printf '\n== all passed in %s s\n' "$SECONDS"
printf '%s\n' "${figures[@]}"
