#!/usr/bin/env bash
# Prints the path of a Python with django-tenants, in a scratch environment under target/; nothing where it can't be had.
set -euo pipefail
cd "$(dirname "$0")/.."
home="$PWD/target/bench-python"
if [ ! -x "$home/bin/python" ]; then
  python3 -m venv "$home" >&2 || exit 0
fi
"$home/bin/python" -c 'import django_tenants, psycopg2' 2>/dev/null ||
  "$home/bin/pip" install --quiet 'django-tenants==4.0.1' 'psycopg2-binary==2.9.13' 'Django==5.2.19' >&2 || exit 0
echo "$home/bin/python"
