"""`manage.py archive` at a terminal and in a script."""

from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from instagram.models import ArchiveRun, User

pytestmark = pytest.mark.django_db


def archive(*arguments: str) -> str:
    """The output of the command."""
    out = StringIO()
    call_command("archive", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_every_name_gets_a_run() -> None:
    archive("lena.v", "https://www.instagram.com/Otto/")

    assert {*User.objects.values_list("username", flat=True)} == {"lena.v", "otto"}
    assert ArchiveRun.objects.count() == 2


def test_a_name_given_twice_gets_one_run() -> None:
    archive("lena.v", "@LENA.V")

    assert ArchiveRun.objects.count() == 1


def test_one_bad_name_starts_nothing_and_is_bad_usage() -> None:
    with pytest.raises(CommandError) as error:
        archive("lena.v", "two words")

    assert error.value.returncode == 2
    assert not ArchiveRun.objects.exists()


def test_json_is_one_object_with_every_count() -> None:
    printed: dict[str, Any] = json.loads(archive("lena.v", "--json"))

    profile = printed["profiles"][0]
    assert {"username", "state", "streams", "files", "bytes", "calls", "errors"} <= set(profile)
    assert set(profile["streams"]["posts"]) == {"state", "seen", "new", "changed"}


def test_only_archives_the_named_streams() -> None:
    User.objects.create(username="lena.v", instagram_id="501")

    archive("lena.v", "--only", "stories")

    assert [stream.name for stream in ArchiveRun.objects.get().streams.all()] == ["stories"]


def test_an_unknown_stream_is_bad_usage() -> None:
    with pytest.raises(
        CommandError, match="choose from profile, stories, posts, reels, highlights"
    ):
        archive("lena.v", "--only", "dreams")
