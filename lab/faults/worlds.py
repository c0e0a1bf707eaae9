"""The small worlds of the cases, built in a running simulator through its control routes."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from lab.simulator.client import SimulatorControl

# The start of every case. It is fixed so that ids and signatures are the same in every run.
NOON = datetime(2025, 11, 10, 12, tzinfo=UTC)
# The lifetime of a story in seconds. It exceeds that of a case, so no story expires during one.
LONG_LIFE = 20 * 86_400
CHANGING = ("private", "empty", "small")


def build(control: SimulatorControl, number: int, *, at: datetime = NOON) -> tuple[str, ...]:
    """Build world `number` in a reset simulator whose clock is `at`; returns the usernames.

    The world has about 150 files: a profile with many short pages, a profile that shares posts with
    it, and a profile that is private, empty or small.
    """
    choose = random.Random(f"world {number}")  # noqa: S311  a seed, no secret
    names = tuple(f"{name}.of.{number}" for name in ("many", "some", "other"))
    control.set_clock(at.timestamp())
    _add(control, names[0], posts=choose.randint(22, 36), highlights=2, quirks=["short_pages"])
    _add(control, names[1], posts=choose.randint(4, 12), highlights=1)
    kind = CHANGING[number % len(CHANGING)]
    _add(control, names[2], posts=0 if kind == "empty" else 3, is_private=kind == "private")
    _share(control, choose, *names[:2])
    for name in names[:2]:
        for age in choose.sample(range(60, 80_000), choose.randint(1, 4)):
            taken_at = int(at.timestamp()) - age
            control.edit("add_story", username=name, taken_at=taken_at, lifetime_seconds=LONG_LIFE)
    return names


def _add(control: SimulatorControl, username: str, **traits: object) -> None:
    plan = {"stories_per_day": 0, "highlights": 0, "largest_carousel": 5, **traits}
    control.edit("add_profile", plan={"username": username, **plan})


def _share(control: SimulatorControl, choose: random.Random, owner: str, coauthor: str) -> None:
    """Add two of the owner's posts to both grids and pin a third one."""
    posts = [post["id"] for post in control.truth()[owner]["posts"]]
    *shared, pinned = choose.sample(posts, 3)
    for post in shared:
        control.edit("share_post", id=post, username=coauthor)
    control.edit("change_post", id=pinned, changes={"is_pinned": True})
