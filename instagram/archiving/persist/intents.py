"""The writes of a page, which `decide` returns and `apply` carries out in bulk.

read ──▶ decide ──▶ apply          one transaction, opened by the caller
         (pure)     (in bulk)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from django.db.models import Model

from core.db import writing
from core.db.search import Searchable
from instagram.archiving import absence, changes
from instagram.archiving.changes import Change, HistoryType
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import FileIntents
from instagram.models import (
    Highlight,
    HighlightItem,
    Post,
    PostMedia,
    ProfileMetric,
    Story,
    User,
    UsernamePeriod,
)

Tab = Literal["in_grid", "in_reels"]
CoauthorLink = Post.coauthors.through


@dataclass(frozen=True, slots=True)
class Outcome:
    """The numbers of a page's items by their fate; `wanted` files are new or have fresh URLs."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    wanted: int = 0


@dataclass(frozen=True, slots=True)
class Update:
    """A stored row and its new values."""

    row: Any
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Intents:
    """Everything that one page writes.

    Rows may refer to assets that are inserted with them. The history has rows of one model only.
    """

    files: FileIntents
    outcome: Outcome
    inserts: Sequence[Model] = ()
    updates: Sequence[Update] = ()
    media: Sequence[PostMedia] = ()
    links: Sequence[Model] = ()
    events: Sequence[Change] = ()
    history: Sequence[tuple[User | Post, HistoryType]] = ()
    marks: Mapping[Tab, Sequence[str]] = field(default_factory=dict)
    """Ids of posts by the tab that has shown them. A mark is no change of the post."""


@dataclass(frozen=True, slots=True)
class Upsert:
    """The unique key of a model, and the columns that are updated if a row with it exists."""

    unique: tuple[str, ...]
    updated: tuple[str, ...]


UPSERTS: dict[type[Model], Upsert] = {
    ProfileMetric: Upsert(("user", "day"), ProfileMetric.COUNTS),
    Post: Upsert(
        ("id",),
        (
            "shortcode", "variant", "caption", "location", "post_created_at", "like_count",
            "comment_count", "play_count", "raw_data", "search_text", "search_grams",
            *absence.COLUMNS, "api_updated_at", "updated_at",
        ),
    ),
    PostMedia: Upsert(
        ("post", "instagram_id"),
        (
            "position", "thumbnail_url", "media_url", "width", "height", "duration",
            "alternative_text", "image", "video", "removed_at", "updated_at",
        ),
    ),
    Story: Upsert(
        ("story_id",),
        (
            "image", "video", "thumbnail_url", "media_url", "width", "height", "duration",
            "raw_data", "updated_at", *absence.COLUMNS,
        ),
    ),
    Highlight: Upsert(
        ("id",),
        (
            "title", "position", "cover", "media_count", "edited_at", "raw_data", "read_at",
            "search_text", "search_grams", "updated_at", *absence.COLUMNS,
        ),
    ),
    HighlightItem: Upsert(("highlight", "story"), ("position", "removed_at")),
}  # fmt: skip
# A profile's own page never inserts it: an upsert would restore a profile that was just erased.
UPDATES: dict[type[Model], tuple[str, ...]] = {
    User: (
        "instagram_id", "username", "full_name", "biography", "is_private", "is_verified",
        "external_url", "bio_links", *ProfileMetric.COUNTS, "picture",
        "original_profile_picture_url", "raw_data", "search_text", "search_grams",
        *absence.COLUMNS, "api_updated_at", "updated_at",
    ),
    # The former period must end before the next one is inserted, so one upsert cannot write both.
    UsernamePeriod: ("ended_at",),
}  # fmt: skip


def apply(intents: Intents, *, now: datetime) -> Outcome:
    """Write the intents; returns their outcome with the number of wanted files.

    One statement for each kind of row: new assets, renewed assets, the page's own rows, media,
    links, history, events and marks.
    """
    # Assets come first, because the other rows refer to them by primary key.
    wanted = assets.apply(intents.files, now=now)
    for update in intents.updates:
        changes.apply(update.row, update.values)
    updated = [update.row for update in intents.updates]
    for model, rows in _by_model(row for row in updated if type(row) in UPDATES).items():
        writing.update_rows(model, [writing.values_of(row, UPDATES[model]) for row in rows])
    _upsert([*intents.inserts, *(row for row in updated if type(row) not in UPDATES)])
    _upsert(intents.media)
    _upsert(intents.links)
    changes.record_history(intents.history, now=now)
    changes.record(intents.events, now=now)
    for tab, ids in intents.marks.items():
        if ids:
            Post.objects.filter(pk__in=ids).update(**{tab: True})
    return replace(intents.outcome, wanted=wanted)


def _upsert(rows: Iterable[Model]) -> None:
    for model, written in _by_model(rows).items():
        if (upsert := UPSERTS.get(model)) is not None:
            writing.upsert(written, unique=upsert.unique, updated=upsert.updated)
        elif model is CoauthorLink:
            # Links are only added: a page may leave out a coauthor whose own page shows the post.
            writing.insert_missing(written)
        else:
            writing.insert(written)


def _by_model(rows: Iterable[Model]) -> dict[type[Model], list[Any]]:
    by_model: dict[type[Model], list[Any]] = {}
    for row in rows:
        if isinstance(row, Searchable):
            row.refresh_search()
        by_model.setdefault(type(row), []).append(row)
    return by_model
