"""What people can ask for. Views, admin actions and commands call these verbs."""

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
    """What a person asked for cannot be done; the text says why."""


class NotAUsername(Refused):
    """What a person gave is no Instagram username, nor the address of a profile."""


class NameOfErased(Refused):
    """The name was that of a profile when it was erased; staff can free it in the admin."""


@dataclass(frozen=True, slots=True)
class AddedProfile:
    """The profile of that name, the run that archives it, and whether the profile is new."""

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
    """Find or make the profile of that name and start archiving it; no call to the Core API.

    `streams` are names of RunStream.Name, all of them by default. Raises NotAUsername, or
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
    """Raise NameOfErased where the name is blocked, and nobody else is known by it."""
    others = User.objects.filter(username=username).exclude(instagram_id=None)
    if Tombstone.objects.of_name(username).exists() and not others.exists():
        raise NameOfErased(
            f"The profile {username} was erased on request and is not archived again. If the name "
            "has passed to somebody else, staff can free it in the admin under Tombstones."
        )


def _make(username: str) -> tuple[User, bool]:
    """A row that is only a name yet; no history, because nothing is known that could change."""
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
    """Start a run, or return the one that is active, with the wanted streams added to it.

    A profile without an Instagram id gets the profile stream as well, because the id is what
    every other stream asks for.
    """
    # One active run per profile. A page at work may add rows that point at the profile meanwhile.
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
    """End the pauses of runs that wait for another attempt; returns how many did."""
    now = timezone.now()
    waiting = runs.filter(state__in=ArchiveRun.ACTIVE, next_attempt_at__gt=now)
    count = waiting.update(next_attempt_at=now)
    if count:
        send_on_commit("instagram.sweep_runs")
    return count
