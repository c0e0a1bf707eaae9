"""Adds profiles by name: one, or a thousand in as many statements."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core.db.retrying import retry_on_conflict
from core.tasks import send_on_commit
from core.users.models import Account
from instagram.archiving import starting
from instagram.daily_limits import DailyLimit, Room
from instagram.models import ArchiveRun, RunStream, Tombstone, User
from instagram.models.erasure import digest

ALL_STREAMS = tuple(RunStream.Name)


class NameOfErased(ValueError):
    """A profile with that name was erased. Staff can free the name in the admin."""

    code = "erased"

    def __init__(self, username: str) -> None:
        super().__init__(
            f"The profile {username} was erased on request and is not archived again. If the name "
            "belongs to another person now, staff can free it in the admin under Tombstones."
        )


@dataclass(frozen=True, slots=True)
class AddedProfile:
    """The profile, the run that archives it, and whether the profile is new."""

    user: User
    run: ArchiveRun
    created: bool


Refusal = NameOfErased | DailyLimit


@retry_on_conflict
@transaction.atomic
def add(
    usernames: Collection[str], *, by: Account | None, streams: Sequence[str] | None = None
) -> dict[str, AddedProfile | Refusal]:
    """Find or create the profiles and start archiving them; what became of each name.

    At most 13 statements for any number of names. `streams` as for `request`. New profiles count
    against the limit of the roles of `by`; those beyond it get DailyLimit.
    """
    names = sorted({*usernames})
    room = Room.of(by)
    rows = [*User.objects.named(*names)]
    results: dict[str, AddedProfile | Refusal]
    results = {name: NameOfErased(name) for name in _erased(names, rows)}
    users = {user.username: user for user in reversed(rows) if user.username not in results}
    missing = [name for name in names if name not in users and name not in results]
    allowed = room.share(missing)
    results |= {name: room.refusal() for name in missing[len(allowed) :]}
    made = make_profiles(allowed)
    room.use(sum(is_new for _, is_new in made.values()))
    users |= {name: user for name, (user, _) in made.items()}
    runs = request(users.values(), by=by, streams=streams)
    for name, user in users.items():
        is_new = name in made and made[name][1]
        results[name] = AddedProfile(user, runs[user.pk], is_new)
    return results


def request(
    users: Iterable[User], *, by: Account | None, streams: Sequence[str] | None = None
) -> dict[Any, ArchiveRun]:
    """Start a run for each profile, or add the streams to the active one; runs by profile key.

    `streams` are names of RunStream.Name, all of them by default. A profile without an Instagram
    id gets the profile stream as well, because the other streams need the id. The caller opens the
    transaction. 4 statements, 0 without profiles.
    """
    rows = {user.pk: user for user in users}
    if not rows:
        return {}
    # One active run per profile. Not FOR UPDATE, so that a concurrent page can still add rows that
    # refer to the profile. In one order, so that two requests cannot deadlock.
    locked = User.objects.select_for_update(no_key=True).only("pk").order_by("pk")
    list(locked.filter(pk__in=rows))
    runs = {run.user_id: run for run in ArchiveRun.objects.active().filter(user__in=[*rows])}
    new = [ArchiveRun(user=rows[pk], requested_by=by) for pk in rows if pk not in runs]
    runs |= {run.user_id: run for run in ArchiveRun.objects.bulk_create(new)}
    wanted = {*(streams or ALL_STREAMS)}
    with_profile = wanted | {RunStream.Name.PROFILE}
    starting.add_streams(
        {run: wanted if rows[pk].instagram_id else with_profile for pk, run in runs.items()}
    )
    _wake([*runs.values()])
    return runs


def make_profiles(names: Collection[str]) -> dict[str, tuple[User, bool]]:
    """Profiles with only these names, and whether each is new. 2 statements, 0 without names."""
    if not names:
        return {}
    # bulk_create writes no history row, as no value is known yet. Two requests may insert a name
    # at once: both then read the one row.
    users = {name: User(username=name) for name in names}
    for user in users.values():
        user.refresh_search()
    User.objects.bulk_create(users.values(), ignore_conflicts=True)
    stored = User.objects.filter(username__in=names, instagram_id=None)
    return {each.username: (each, each.pk == users[each.username].pk) for each in stored}


def refuse_erased(username: str) -> None:
    """Raise NameOfErased if the name is blocked and no other profile is known by it."""
    if _erased([username], [*User.objects.named(username)]):
        raise NameOfErased(username)


def _erased(names: Collection[str], rows: Sequence[User]) -> set[str]:
    """Those of the names that are blocked, and by which no other profile is known."""
    known = {user.username for user in rows if user.instagram_id is not None}
    digests = {digest(name): name for name in names if name not in known}
    if not digests:
        return set()
    tombstones = Tombstone.objects.filter(username_digests__has_any_keys=[*digests])
    held = tombstones.values_list("username_digests", flat=True)
    return {digests[each] for digests_of_one in held for each in digests_of_one if each in digests}


def _wake(runs: Sequence[ArchiveRun]) -> None:
    if len(runs) == 1:
        send_on_commit("instagram.archive_run", str(runs[0].pk))
    else:  # the sweep sends as many messages as the queue has room for
        send_on_commit("instagram.sweep_runs")
