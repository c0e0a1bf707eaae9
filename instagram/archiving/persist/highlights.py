"""The tray of highlights, and the stories inside each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q

from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import Wanted
from instagram.archiving.persist.outcome import Outcome
from instagram.archiving.persist.stories import stories
from instagram.archiving.records import HighlightRecord, Page, StoryRecord
from instagram.models import Availability, ChangeEvent, Highlight, HighlightItem, Story, User
from storage.models import Asset

WRITTEN = (
    "title", "position", "cover", "media_count", "edited_at", "raw_data", "read_at", "search_text",
    "search_grams", "updated_at", *absence.COLUMNS,
)  # fmt: skip
# What the tray says of the stories inside need not show every change of them.
BELIEVED_FOR = timedelta(days=30)


@dataclass(slots=True)
class Entry:
    """One place of the tray beside what is stored of it."""

    record: HighlightRecord
    row: Highlight
    differences: dict[str, Any]
    is_new: bool
    is_stale: bool

    @property
    def is_written(self) -> bool:
        """Whether the row differs, or its stories must be asked for."""
        return bool(self.differences) or self.is_stale


def tray(user: User, records: Sequence[HighlightRecord], *, now: datetime) -> Outcome:
    """Store the tray, and mark the highlights whose stories must be asked for (`read_at` empty).

    These are the new ones, those whose number of stories or time of editing differs or is not
    said, those last asked for long ago, and those with a file that only a fresh URL can bring. A
    highlight that another profile has is rejected.
    Statements: 2 when nothing changed, 1 more for fresh URLs of covers, 5 at most.
    """
    known = _known([record.instagram_id for record in records])
    accepted = [each for each in records if _is_of(user, known.get(each.instagram_id))]
    covers = [_cover(record) for record in accepted]
    have, wanted = assets.want([cover for cover in covers if cover], now=now)
    entries = [
        _entry(user, record, known, position, have[cover.key] if cover else None, now)
        for position, (record, cover) in enumerate(zip(accepted, covers, strict=True))
    ]
    _write([entry for entry in entries if entry.is_written], now)
    return Outcome(
        seen=len(records),
        new=sum(entry.is_new for entry in entries),
        changed=sum(bool(entry.differences) and not entry.is_new for entry in entries),
        rejected=len(records) - len(accepted),
        wanted=wanted,
    )


def highlight_stories(highlight: Highlight, page: Page[StoryRecord], *, now: datetime) -> Outcome:
    """Store the stories of one highlight in its order; those that left it stay, marked as removed.

    Nothing is written of places that are unchanged. A page that does not show everything takes no
    story out. One that lacks something leaves `read_at` empty: the next run asks again.
    Statements: 11 at most.
    """
    outcome = stories(highlight.user, page.items, now=now)
    stored = {item.story_id: item for item in highlight.items.all()}
    ids = _own(highlight.user, [each.instagram_id for each in page.items])
    before = [item.story_id for item in stored.values() if item.removed_at is None]
    shows_all = page.names_all and not page.rejected
    if not shows_all:
        ids = [*dict.fromkeys(before + ids)]
    if before != ids:
        _place(highlight, ids, stored, now)
        changes.record([_reordered(highlight, before, ids, is_first=not stored)], now=now)
    if shows_all and not any(story.lacks_files for story in page.items):
        Highlight.objects.filter(pk=highlight.pk).update(read_at=now)
    return outcome


def _known(ids: Sequence[str]) -> dict[str, Highlight]:
    """The highlights with these ids, their covers, and whether they lack a file (`lacks_files`).

    A file that was given up has a fresh URL in the next answer, unless it is too large.
    """
    failed = Asset.objects.filter(state=Asset.State.FAILED)
    files = failed.exclude(error_code__in=assets.GIVEN_UP_FOR_GOOD).values("pk")
    lacking = HighlightItem.objects.filter(
        Q(story__image__in=files) | Q(story__video__in=files),
        highlight=OuterRef("pk"),
        removed_at=None,
    )
    rows = Highlight.objects.filter(pk__in=ids).select_related("cover")
    return {row.pk: row for row in rows.annotate(lacks_files=Exists(lacking))}


def _is_of(user: User, known: Highlight | None) -> bool:
    return known is None or known.user_id == user.pk


def _own(user: User, ids: Sequence[str]) -> list[str]:
    """Those of the stories that are stored as the profile's, in the same order."""
    own = {*Story.objects.filter(pk__in=ids, user=user).values_list("pk", flat=True)}
    return [key for key in ids if key in own]


def _cover(record: HighlightRecord) -> Wanted | None:
    return assets.wanted("highlight", record.instagram_id, Asset.Role.COVER, record.cover_url)


def _entry(
    user: User,
    record: HighlightRecord,
    known: Mapping[str, Highlight],
    position: int,
    cover: Asset | None,
    now: datetime,
) -> Entry:
    row = known.get(record.instagram_id) or Highlight(
        pk=record.instagram_id, user=user, created_at=now, position=position, last_seen_at=now
    )
    said = {
        "title": record.title,
        "position": position,
        "availability": Availability.LIVE,
        "cover": cover,
    }
    return Entry(
        record=record,
        row=row,
        differences=changes.differences(row, said),
        is_new=record.instagram_id not in known,
        is_stale=_is_stale(row, record, now),
    )


def _is_stale(row: Highlight, record: HighlightRecord, now: datetime) -> bool:
    """Whether the stories inside may differ from what is stored of them."""
    said = (record.media_count, record.edited_at)
    if row.read_at is None or said == (None, None) or getattr(row, "lacks_files", False):
        return True
    return said != (row.media_count, row.edited_at) or now - row.read_at > BELIEVED_FOR


def _write(entries: Sequence[Entry], now: datetime) -> None:
    if not entries:
        return
    changes.record([_change(entry) for entry in entries], now=now)
    for entry in entries:
        _update(entry, now)
    Highlight.objects.bulk_create(
        [entry.row for entry in entries],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=WRITTEN,
    )


def _change(entry: Entry) -> Change:
    """The differences as an event of the feed; the cover stands in it by its source name."""
    before = {} if entry.is_new else changes.values(entry.row, entry.differences)
    after = dict(entry.differences)
    for values in (before, after):
        if isinstance(cover := values.get("cover"), Asset):
            values["cover"] = cover.source_name
    if entry.is_new:
        after["position"] = entry.row.position
    return Change(ChangeEvent.Kind.HIGHLIGHT, entry.row.pk, entry.row.user, before, after)


def _update(entry: Entry, now: datetime) -> None:
    row, record = entry.row, entry.record
    if "availability" in entry.differences:
        changes.apply(row, absence.sighted(now=now))
    changes.apply(row, entry.differences)
    row.media_count, row.edited_at = record.media_count, record.edited_at
    row.raw_data = dict(record.raw)
    row.updated_at = now
    row.refresh_search()
    if entry.is_stale:
        row.read_at = None


def _place(
    highlight: Highlight, ids: Sequence[str], stored: Mapping[str, HighlightItem], now: datetime
) -> None:
    places = [
        HighlightItem(highlight=highlight, story_id=story_id, position=position)
        for position, story_id in enumerate(ids)
    ]
    gone = [
        HighlightItem(
            highlight=highlight,
            story_id=item.story_id,
            position=item.position,
            removed_at=item.removed_at or now,
        )
        for item in stored.values()
        if item.story_id not in ids
    ]
    HighlightItem.objects.bulk_create(
        [*places, *gone],
        update_conflicts=True,
        unique_fields=["highlight", "story"],
        update_fields=["position", "removed_at"],
    )


def _reordered(
    highlight: Highlight, before: Sequence[str], after: Sequence[str], *, is_first: bool
) -> Change:
    return Change(
        ChangeEvent.Kind.HIGHLIGHT,
        highlight.pk,
        highlight.user,
        {"stories": None if is_first else list(before)},
        {"stories": list(after)},
    )
