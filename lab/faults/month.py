"""A simulated month of story polls: the real schedule and pipeline, on a clock that jumps.

The dispatcher runs every ten simulated minutes, and the runs that it starts are archived from the
simulator over HTTP. No file is downloaded. The provider fails for one day in the middle.
"""

from __future__ import annotations

import argparse
import logging
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import stamina
import time_machine

from api_logs.models import APIRequestLog
from instagram.archiving.schedule import watching
from instagram.archiving.schedule.coverage import Span
from instagram.models import Story, User
from lab.faults import display, polling, posting_patterns, processes
from lab.faults.polling import Interval, Polls
from lab.faults.posting_patterns import DAY, LIFETIME, PostedStory
from lab.faults.sandbox import Sandbox
from lab.faults.worlds import NOON

SEED = 1
TICK = timedelta(minutes=10)
LONG_TICK = timedelta(hours=1)
FIXED = timedelta(hours=6)
EDITS_AT_ONCE = 500
SAME = timedelta(seconds=1)
WITHOUT = frozenset(
    {"instagram.sweep_downloads", "instagram.download_assets", *processes.EXCLUDED_TASKS}
)


@dataclass(frozen=True, slots=True)
class Month:
    """The profiles, the number of days, and the time between two runs of the dispatcher."""

    sandbox: Sandbox
    profiles: int
    days: int
    tick: timedelta = TICK

    @property
    def span(self) -> Interval:
        return NOON, NOON + self.days * DAY

    @property
    def outage(self) -> Interval:
        """One day in the middle; an empty interval in a month shorter than three days."""
        middle = NOON + (self.days // 2) * DAY
        return (middle, middle + DAY) if self.days >= 3 else (NOON, NOON)

    def stories(self) -> list[PostedStory]:
        return posting_patterns.month(SEED, profiles=self.profiles, days=self.days, start=NOON)

    def prepare(self, stories: Sequence[PostedStory]) -> dict[str, PostedStory]:
        """Create and watch the profiles of the simulator; returns their stories by id."""
        self.sandbox.clear()
        control = self.sandbox.control
        control.set_clock(NOON.timestamp())
        names = posting_patterns.usernames(self.profiles)
        plain = {"posts": 0, "stories_per_day": 0, "highlights": 0}
        made = control.edits(
            [{"edit": "add_profile", "plan": {"username": name, **plain}} for name in names]
        )
        _watch({name: each["id"] for name, each in zip(names, made, strict=True)})
        identified: dict[str, PostedStory] = {}
        for start in range(0, len(stories), EDITS_AT_ONCE):
            some = stories[start : start + EDITS_AT_ONCE]
            added = control.edits([_edit(story) for story in some])
            identified |= {each["id"]: story for each, story in zip(added, some, strict=True)}
        return identified

    def live(self) -> Iterator[datetime]:
        """Run the dispatcher and the workers at every tick; yields the time of each."""
        start, end = self.span
        began, ended = self.outage
        with time_machine.travel(start, tick=False) as clock:
            now = start
            while now < end:
                clock.move_to(now)
                self._switch_outage(now)
                self.sandbox.control.set_clock(now.timestamp())
                # `work` performs the messages itself; those in the broker only fill its queues.
                processes.forget_messages()
                processes.work(without=WITHOUT)
                yield now
                # All calls fail during the outage, so fewer ticks show the same.
                is_out = began < now < ended
                now += min(LONG_TICK, ended - now) if is_out else self.tick

    def _switch_outage(self, now: datetime) -> None:
        began, ended = self.outage
        if began <= now < began + self.tick and began < ended:
            self.sandbox.control.add_fault("form", form="unavailable")
        elif ended <= now < ended + self.tick:
            self.sandbox.control.clear_faults()


def run(sandbox: Sandbox, options: argparse.Namespace) -> bool:
    """Run the month and print the figures; True if a promise was broken."""
    month = Month(sandbox, options.profiles, options.days)
    logging.disable(logging.ERROR)
    stamina.set_testing(True, attempts=3)  # same number of attempts, no waits
    identified = month.prepare(month.stories())
    days = (now for now in month.live() if now.time() == NOON.time())
    for _ in display.progress(days, name="days", total=month.days):
        pass
    found = evaluate(month, identified)
    display.figures("month", found, as_json=options.json)
    return bool(found["lost_in_covered_time"] or found["wrong_gaps"])


def evaluate(month: Month, identified: dict[str, PostedStory]) -> dict[str, Any]:
    """Compare the stories seen with the reported coverage and with polls at fixed intervals."""
    # A story of the last day may still be found after the end of the month.
    decided = month.span[0], month.span[1] - LIFETIME
    shown = {key: each for key, each in identified.items() if each.taken_at < decided[1]}
    stored = set(Story.objects.values_list("pk", flat=True))
    lost = {key: each for key, each in shown.items() if key not in stored}
    whole = sum(each.is_whole for each in shown.values())
    lost_whole = sum(each.is_whole for each in lost.values())
    polls = answered_polls()
    reported = reported_gaps(month.span[1], decided)
    true = {name: polling.gaps(polls.get(name, ()), decided) for name in reported}
    calls = month.sandbox.control.stats()["core_api"]["calls"]
    differs = sum(
        (polling.difference(true[name], reported[name]) for name in reported), timedelta()
    )
    return {
        "profiles": month.profiles,
        "days": month.days,
        "stories": len(shown),
        "stories_stored": len(shown) - len(lost),
        "recall": round(1 - len(lost) / max(1, len(shown)), 4),
        "recall_of_whole_lives": round(1 - lost_whole / max(1, whole), 4),
        "calls": calls,
        **_fixed_paces(month, list(shown.values()), calls),
        "gap_hours_reported": _hours(reported),
        "gap_hours_true": _hours(true),
        "gap_hours_that_differ": round(differs / timedelta(hours=1), 1),
        "lost_in_covered_time": _lost_in_covered_time(lost, reported),
        "wrong_gaps": _wrong_gaps(true, reported),
    }


def answered_polls() -> Polls:
    """The times at which the provider answered a poll of each profile's stories."""
    names = dict(User.objects.values_list("instagram_id", "username"))
    rows = APIRequestLog.objects.filter(endpoint="user_stories", state="completed")
    # From the log of calls, so that the reported coverage is compared with something else.
    polls = defaultdict(list)
    for identifier, moment in rows.order_by("started_at").values_list("target", "started_at"):
        polls[names[identifier]].append(moment)
    return polls


def reported_gaps(now: datetime, span: Interval) -> dict[str, list[Interval]]:
    """The gaps that the archive itself reports, by username."""
    return {
        user.username: [
            (gap.start, gap.end) for gap in watching.coverage_of(user, Span(*span), now=now).gaps
        ]
        for user in User.objects.all()
    }


def _wrong_gaps(true: dict[str, list[Interval]], reported: dict[str, list[Interval]]) -> list[str]:
    return [
        f"the gaps of {name} differ by {off}"
        for name in reported
        if (off := polling.difference(true[name], reported[name])) > SAME
    ]


def _lost_in_covered_time(
    lost: dict[str, PostedStory], reported: dict[str, list[Interval]]
) -> list[str]:
    """Full-lifetime stories missing from the archive although their time counts as covered."""
    return [
        f"story {key} of {story.username}, posted {story.taken_at}, was lost in covered time"
        for key, story in lost.items()
        if story.is_whole
        and not any(start <= story.taken_at <= end for start, end in reported[story.username])
    ]


def _fixed_paces(month: Month, shown: list[PostedStory], calls: int) -> dict[str, Any]:
    """The recall of three policies that poll at fixed intervals."""
    names = posting_patterns.usernames(month.profiles)
    turns = (month.span[1] - month.span[0]) / FIXED
    few = names[: int(calls / turns)]
    slow = (month.span[1] - month.span[0]) * month.profiles / calls
    policies = {
        "six_hours_same_calls": (few, FIXED),
        "six_hours_everybody": (names, FIXED),
        "all_alike_same_calls": (names, slow),
    }
    found: dict[str, Any] = {}
    for policy, (chosen, every) in policies.items():
        polls = polling.fixed(chosen, every=every, span=month.span, outage=month.outage)
        found[f"recall_{policy}"] = round(polling.recall(shown, polls).share, 4)
    return found | {"calls_six_hours_everybody": int(turns * month.profiles)}


def _hours(found: dict[str, list[Interval]]) -> float:
    total = sum((polling.length(each) for each in found.values()), timedelta())
    return round(total / timedelta(hours=1), 1)


def _watch(identifiers: dict[str, str]) -> None:
    users = [
        User(username=name, instagram_id=identifier, allow_auto_update_stories=True)
        for name, identifier in identifiers.items()
    ]
    # bulk_create calls no save(), which would fill the search columns.
    for user in users:
        user.refresh_search()
    User.objects.bulk_create(users)


def _edit(story: PostedStory) -> dict[str, Any]:
    edit = {
        "edit": "add_story",
        "username": story.username,
        "taken_at": int(story.taken_at.timestamp()),
    }
    if story.is_whole:
        return edit
    return edit | {"withdrawn_after_seconds": int(story.lived.total_seconds())}
