"""Derives due times from the flags of profiles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
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
FIRST_STORIES = timedelta(hours=4)  # the sooner, the fewer of the present stories expire unseen
MAX_PROFILES = 5000


@retry_on_conflict
@transaction.atomic
def apply_flags(*, now: datetime, limit: int = MAX_PROFILES) -> int:
    """Update the due times of profiles whose flags or availability have changed.

    Returns the number of these profiles. Sends one statement if there are none.
    """
    # Compared with the stored schedule, so that code that writes a flag, also in bulk or by SQL,
    # need not know of the schedule.
    out_of_step = User.objects.out_of_step().select_for_update(skip_locked=True, no_key=True)
    profiles: dict[str, list[UUID]] = defaultdict(list)
    for key, asked in out_of_step.values_list("pk", ASKED_SCHEDULE)[:limit]:
        profiles[asked].append(key)
    for asked, keys in profiles.items():
        others = StreamPoll.objects.filter(user__in=keys, due_at__isnull=False)
        others.exclude(stream__in=STREAMS[asked]).update(due_at=None, deadline_at=None)
        _schedule(keys, STREAMS[asked], now)
        User.objects.filter(pk__in=keys).update(schedule=asked)
    return sum(map(len, profiles.values()))


def _schedule(profiles: Sequence[UUID], streams: Sequence[str], now: datetime) -> None:
    StreamPoll.objects.bulk_create(
        (
            StreamPoll(user_id=key, stream=name, interval=FIRST_INTERVAL[name])
            for key in profiles
            for name in streams
        ),
        # A poll that was switched off keeps its interval and its last time.
        ignore_conflicts=True,
        batch_size=5000,
    )
    unscheduled = StreamPoll.objects.filter(user__in=profiles, due_at=None)
    for name in streams:
        wait = FIRST_STORIES if name == Name.STORIES else FIRST_INTERVAL[name]
        unscheduled.filter(stream=name).update(due_at=now, deadline_at=now + wait)
