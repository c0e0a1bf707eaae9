#!/usr/bin/env python
"""Django's command line for Instarchiver; `./dev manage …` runs it against the local services."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError, OperationalError
from psycopg.errors import UndefinedTable

NO_TABLES = "The database has no such table yet. Run:  ./dev manage migrate"
UNREACHABLE = "Start PostgreSQL, or correct DATABASE_URL; `./dev` embeds one where it is unset."


def advice(error: DatabaseError) -> str | None:
    """What to do about a database that cannot be used at all; None for any other error."""
    if isinstance(error.__cause__, UndefinedTable):
        return NO_TABLES
    if isinstance(error, OperationalError) and not getattr(error.__cause__, "sqlstate", None):
        return UNREACHABLE  # the server would have given a code
    return None


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except DatabaseError as error:
        if (todo := advice(error)) is None:
            raise
        first_line = str(error).partition("\n")[0]
        sys.stderr.write(f"{first_line}\n{todo}\n")
        sys.exit(2)
