"""The flags of profiles, turned into due times."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from core.db.retrying import retry_on_conflict
from instagram.archiving.schedule import intervals
from instagram.models import RunStream, StreamPoll, User
from instagram.models.users import ASKED_SCHEDULE, Schedule

Name = RunStream.Name

STREAMS: dict[str, tuple[str, ...]] = {
    Schedule.NOTHING: (),
    Schedule.RETURN: (Name.PROFILE,),
    Schedule.PROFILE: (Name.PROFILE, Name.POSTS, Name.REELS, Name.HIGHLIGHTS),
    Schedule.STORIES: (Name.STORIES,),
    Schedule.ALL: tuple(Name),
}
FIRST_INTERVAL = {
    **{name: pace.densest for name, pace in intervals.STREAM_PACES.items()},
    Name.STORIES.value: intervals.STORY_PACES["balanced"].densest,
}
FIRST_STORIES = timedelta(hours=4)  # after this, stories of the very first day may be gone
MAX_PROFILES = 5000


@retry_on_conflict
@transaction.atomic
def apply_flags(*, now: datetime, limit: int = MAX_PROFILES) -> int:
    """Bring the due times of profiles in step with their flags; returns how many there were.

    Whoever writes a flag or an availability, by whatever means, need not know of the schedule.
    Sends one statement where nothing has changed, which an index answers.
    """
    out_of_step = User.objects.out_of_step().select_for_update(skip_locked=True, no_key=True)
    profiles: dict[str, list[UUID]] = defaultdict(list)
    for key, asked in out_of_step.values_list("pk", ASKED_SCHEDULE)[:limit]:
        profiles[asked].append(key)
    for asked, keys in profiles.items():
        _clear(keys, but=STREAMS[asked])
        _schedule(keys, STREAMS[asked], now)
        User.objects.filter(pk__in=keys).update(schedule=asked)
    return sum(map(len, profiles.values()))


def _clear(profiles: Sequence[UUID], *, but: Iterable[str]) -> None:
    others = StreamPoll.objects.filter(user__in=profiles, due_at__isnull=False)
    others.exclude(stream__in=but).update(due_at=None, deadline_at=None)


def _schedule(profiles: Sequence[UUID], streams: Sequence[str], now: datetime) -> None:
    StreamPoll.objects.bulk_create(
        (
            StreamPoll(user_id=key, stream=name, interval=FIRST_INTERVAL[name])
            for key in profiles
            for name in streams
        ),
        ignore_conflicts=True,
        batch_size=5000,
    )
    unscheduled = StreamPoll.objects.filter(user__in=profiles, due_at=None)
    for name in streams:
        wait = FIRST_STORIES if name == Name.STORIES else FIRST_INTERVAL[name]
        unscheduled.filter(stream=name).update(due_at=now, deadline_at=now + wait)
