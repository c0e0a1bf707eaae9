"""`manage.py seed` at a terminal and in a script."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from instagram.management.commands.seed import Command

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("media_folder")]

SMALL = ("--profiles=2", "--posts=5", "--stories=1")


def seeded(*arguments: str) -> str:
    """The output of the command."""
    out = io.StringIO()
    call_command("seed", *SMALL, *arguments, stdout=out)
    return out.getvalue()


def test_it_prints_the_counts_as_text() -> None:
    assert seeded().startswith("Added 2 profiles, 5 posts, ")


def test_it_prints_the_counts_as_json() -> None:
    answer = json.loads(seeded("--json", "--seed=3"))

    assert (answer["seed"], answer["profiles"], answer["posts"]) == (3, 2, 5)


def test_a_second_call_reports_that_nothing_was_added() -> None:
    seeded()

    assert "nothing was added" in seeded()


@pytest.mark.parametrize(
    "argument", ["--posts=-1", "--posts=many", "--profiles=0", "--posts=999999999", "--seed=10000"]
)
def test_nonsense_is_bad_usage(argument: str) -> None:
    with pytest.raises(CommandError, match=r"choose from|invalid number"):
        seeded(argument)


def test_the_help_shows_examples_and_defaults() -> None:
    shown = Command().create_parser("manage.py", "seed").format_help()

    assert "manage.py seed --profiles 500 --posts 100000" in shown
    assert "1,000 by default" in shown
