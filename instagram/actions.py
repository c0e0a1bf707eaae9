"""The actions that people can request. Views, admin actions and commands call them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from core import usernames
from core.db.retrying import retry_on_conflict
from core.tasks import send_on_commit
from core.users.models import Account
from instagram.archiving import starting
from instagram.models import ArchiveRun, RunStream, Tombstone, User

ALL_STREAMS = tuple(RunStream.Name)


class Refused(ValueError):
    """The request cannot be fulfilled. The message gives the reason."""


class NotAUsername(Refused):
    """The text is neither an Instagram username nor the URL of a profile."""


class NameOfErased(Refused):
    """A profile with that name was erased. Staff can free the name in the admin."""


@dataclass(frozen=True, slots=True)
class AddedProfile:
    """The profile, the run that archives it, and whether the profile is new."""

    user: User
    run: ArchiveRun
    created: bool


def username_from(text: str) -> str:
    """The username in what a person typed (see `usernames.from_text`). Raises NotAUsername."""
    try:
        return usernames.from_text(text)
    except usernames.InvalidUsername as error:
        raise NotAUsername(str(error)) from error


@retry_on_conflict
@transaction.atomic
def add_profile(
    *, name: str, by: Account | None, streams: Sequence[str] | None = None
) -> AddedProfile:
    """Find or create the profile and start archiving it, without a call to the Core API.

    `streams` are names of RunStream.Name, all of them by default. Raises NotAUsername or
    NameOfErased.
    """
    username = username_from(name)
    user = User.objects.named(username).first()
    if user is None or user.instagram_id is None:
        refuse_erased(username)
    created = False
    if user is None:
        user, created = _make(username)
    return AddedProfile(user, request_archive(user=user, by=by, streams=streams), created)


def refuse_erased(username: str) -> None:
    """Raise NameOfErased if the name is blocked and no other profile is known by it."""
    others = User.objects.filter(username=username).exclude(instagram_id=None)
    if Tombstone.objects.of_name(username).exists() and not others.exists():
        raise NameOfErased(
            f"The profile {username} was erased on request and is not archived again. If the name "
            "belongs to another person now, staff can free it in the admin under Tombstones."
        )


def _make(username: str) -> tuple[User, bool]:
    """The profile with only this name, and whether it is new."""
    # bulk_create writes no history row, as no value is known yet. Two requests may insert the name
    # at once: both then read the one row.
    user = User(username=username)
    user.refresh_search()
    User.objects.bulk_create([user], ignore_conflicts=True)
    stored = User.objects.get(username=username, instagram_id=None)
    return stored, stored.pk == user.pk


@retry_on_conflict
@transaction.atomic
def request_archive(
    *, user: User, by: Account | None, streams: Sequence[str] | None = None
) -> ArchiveRun:
    """Start a run, or add the streams to the active one.

    A profile without an Instagram id gets the profile stream as well, because the other streams
    need the id.
    """
    # One active run per profile. Not FOR UPDATE, so that a concurrent page can still add rows that
    # refer to the profile.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=user.pk)
    wanted = {*(streams or ALL_STREAMS)}
    if user.instagram_id is None:
        wanted.add(RunStream.Name.PROFILE)
    run = ArchiveRun.objects.active().filter(user=user).first()
    if run is None:
        run = ArchiveRun.objects.create(user=user, requested_by=by)
    starting.add_streams({run: wanted})
    send_on_commit("instagram.archive_run", str(run.pk))
    return run


def try_now(runs: QuerySet[ArchiveRun]) -> int:
    """End the pauses of waiting runs; returns how many there were."""
    now = timezone.now()
    waiting = runs.filter(state__in=ArchiveRun.ACTIVE, next_attempt_at__gt=now)
    count = waiting.update(next_attempt_at=now)
    if count:
        send_on_commit("instagram.sweep_runs")
    return count
