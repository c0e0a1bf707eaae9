#!/usr/bin/env bash
# django-simple-history 3.13.0: each look at `row.history` makes a new class of managers, with a copy of each method.
#
# Expected: `row.history` costs about what Django's own managers of related rows cost, as in `row.pages`. Django makes
# the class of such a manager once for each relation, and an instance of it for each look. The documentation of
# django-simple-history shows `row.history` as such a manager, also in loops over rows.
#
# Seen: the descriptor calls `from_queryset` for each look. It collects the methods of the queryset's class again and
# builds a class from them. 1,000 looks make 1,000 classes. They take about five times as long as 1,000 looks at
# `row.pages`, and stay in memory until the collector of cycles runs. A bulk writer that asks each row for
# `row.history.model` spends a large part of its time there.
#
# Way out: look once for each model, `type(row).history.model`, and keep the answer.
#
# Output seen (Python 3.11):
#   Django 5.2.19, django-simple-history 3.13.0
#   row.pages: 1 class for 1000 looks
#   row.history: 1000 classes for 1000 looks
#   left when the managers are gone: 1000 classes, and 0 after a collection
#   the surprise is still there
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check Django==5.2.19 django-simple-history==3.13.0

cd "$folder"
mkdir library
touch library/__init__.py
cat > library/models.py <<'PYTHON'
from django.db import models
from simple_history.models import HistoricalRecords


class Book(models.Model):
    title = models.TextField()
    history = HistoricalRecords()


class Page(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="pages")
PYTHON

"$folder/venv/bin/python" - <<'PYTHON'
import gc
import sys
from importlib.metadata import version

import django
from django.conf import settings

settings.configure(
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "simple_history", "library"],
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from library.models import Book

from simple_history.manager import HistoryManager

LOOKS = 1000
print(f"Django {version('Django')}, django-simple-history {version('django-simple-history')}")
book = Book(pk=1, title="Emma")


def classes(name):
    """The number of classes of the managers that 1,000 looks give."""
    managers = [getattr(book, name) for _ in range(LOOKS)]
    return len({id(type(manager)) for manager in managers})


gc.collect()
gc.disable()
before = len(HistoryManager.__subclasses__())
pages, history = classes("pages"), classes("history")
print(f"row.pages: {pages} class for {LOOKS} looks")
print(f"row.history: {history} classes for {LOOKS} looks")
left = len(HistoryManager.__subclasses__()) - before
gc.collect()
afterwards = len(HistoryManager.__subclasses__()) - before
print(f"left when the managers are gone: {left} classes, and {afterwards} after a collection")
if (pages, history, left, afterwards) != (1, LOOKS, LOOKS, 0):
    sys.exit("the behaviour has changed")
print("the surprise is still there")
PYTHON
