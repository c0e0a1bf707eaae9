"""The actions that people can request. Views, admin actions and commands call them."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core import usernames
from core.db.retrying import retry_on_conflict
from core.tasks import send_on_commit
from core.users.models import Account
from instagram import adding
from instagram.adding import AddedProfile
from instagram.models import ArchiveRun, User


class NotAUsername(ValueError):
    """The text is neither an Instagram username nor the URL of a profile."""


def username_from(text: str) -> str:
    """The username in what a person typed (see `usernames.from_text`). Raises NotAUsername."""
    try:
        return usernames.from_text(text)
    except usernames.InvalidUsername as error:
        raise NotAUsername(str(error)) from error


def add_profile(
    *, name: str, by: Account | None, streams: Sequence[str] | None = None
) -> AddedProfile:
    """Find or create the profile and start archiving it, without a call to the Core API.

    `streams` are names of RunStream.Name, all of them by default. Raises NotAUsername,
    NameOfErased or DailyLimit.
    """
    username = username_from(name)
    result = adding.add([username], by=by, streams=streams)[username]
    if isinstance(result, AddedProfile):
        return result
    raise result


@retry_on_conflict
@transaction.atomic
def request_archive(
    *, user: User, by: Account | None, streams: Sequence[str] | None = None
) -> ArchiveRun:
    """Start a run, or add the streams to the active one, as `adding.request` says."""
    return adding.request([user], by=by, streams=streams)[user.pk]


def try_now(runs: QuerySet[ArchiveRun]) -> int:
    """End the pauses of waiting runs; returns how many there were."""
    now = timezone.now()
    waiting = runs.filter(state__in=ArchiveRun.ACTIVE, next_attempt_at__gt=now)
    count = waiting.update(next_attempt_at=now)
    if count:
        send_on_commit("instagram.sweep_runs")
    return count
