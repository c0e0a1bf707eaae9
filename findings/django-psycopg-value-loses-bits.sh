#!/usr/bin/env bash
# Django 5.2.19 with psycopg 3.3.9: `Value(2**40 + 5)` reaches PostgreSQL as 5 if parameters are bound by the server.
#
# Expected: Django's documentation shows `Value` with integers and without an `output_field`, and offers
# `OPTIONS={"server_side_binding": True}` on psycopg 3 as another way to send the same parameters. A number that
# PostgreSQL's bigint holds arrives, or an error says that it does not fit. psycopg's documentation describes
# `Int2`, `Int4` and `Int8` as wrappers that choose the type; nothing says that they shorten a number.
#
# Seen: Django takes each integer of a `Value` for an IntegerField and wraps it as `Int4`. psycopg's C implementation
# writes the lowest 32 bits of it into the binary parameter, without an error: 2**40 + 5 becomes 5, and 3,000,000,000
# becomes a negative number. Its Python implementation raises `struct.error` for the same number. With Django's default,
# parameters bound by the client, the whole number is written into the statement as text, so nothing is lost.
#
# Way out: name the type, `Value(number, output_field=BigIntegerField())`, which is wrapped as `Int8`.
#
# No server is needed to see it: the script asks Django for the parameter and psycopg for the bytes that it would send.
#
# Output seen (Python 3.11):
#   Django 5.2.19, psycopg 3.3.9
#   Value(5): Int4, c sends 5, python sends 5
#   Value(1099511627781): Int4, c sends 5, python raises error
#   Value(3000000000): Int4, c sends -1294967296, python raises error
#   Value(1099511627781, BigIntegerField): Int8, c sends 1099511627781, python sends 1099511627781
#   as text: 1099511627781
#   the surprise is still there
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check Django==5.2.19 'psycopg[binary]==3.3.9'

cat > "$folder/parameter.py" <<'PYTHON'
"""Print what is sent for a number: the wrapper, and the number in the bytes of the binary parameter."""

import json
import sys

import django
from django.conf import settings
from django.db import connection
from django.db.models import BigIntegerField, Value
from psycopg.adapt import PyFormat, Transformer

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "none",
            "OPTIONS": {"server_side_binding": True},
        }
    }
)
django.setup()

number, is_big = int(sys.argv[1]), sys.argv[2] == "big"
value = Value(number, output_field=BigIntegerField()) if is_big else Value(number)
field = value.output_field
parameter = field.get_db_prep_value(number, connection=connection)


def sent(format):
    dumper = Transformer().get_dumper(parameter, format)
    try:
        return bytes(dumper.dump(parameter))
    except Exception as error:
        return f"raises {type(error).__name__}"


binary, text = sent(PyFormat.BINARY), sent(PyFormat.TEXT)
if isinstance(binary, bytes):
    binary = f"sends {int.from_bytes(binary, 'big', signed=True)}"
print(json.dumps([type(parameter).__name__, binary, text.decode()]))
PYTHON

"$folder/venv/bin/python" - "$folder" <<'PYTHON'
import json
import os
import subprocess
import sys
from importlib.metadata import version

print(f"Django {version('Django')}, psycopg {version('psycopg')}")


def asked(number, field, implementation):
    command = [sys.executable, f"{sys.argv[1]}/parameter.py", str(number), field]
    environment = {**os.environ, "PSYCOPG_IMPL": implementation}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


seen = []
for number, field in ((5, "own"), (2**40 + 5, "own"), (3_000_000_000, "own"), (2**40 + 5, "big")):
    kind, by_c, text = asked(number, field, "binary")
    _, by_python, _ = asked(number, field, "python")
    seen.append((kind, by_c, by_python))
    named = f"{number}, BigIntegerField" if field == "big" else number
    print(f"Value({named}): {kind}, c {by_c}, python {by_python}")
print("as text:", text)

expected = [
    ("Int4", "sends 5", "sends 5"),
    ("Int4", "sends 5", "raises error"),
    ("Int4", "sends -1294967296", "raises error"),
    ("Int8", "sends 1099511627781", "sends 1099511627781"),
]
if seen != expected or text != "1099511627781":
    sys.exit("the behaviour has changed")
print("the surprise is still there")
PYTHON
