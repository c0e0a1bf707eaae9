"""Compares the tray and the stories of a highlight with the stored ones. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from instagram.archiving import absence, changes
from instagram.archiving.changes import Change
from instagram.archiving.persist import assets
from instagram.archiving.persist.assets import AssetKey, FileIntents, Wanted
from instagram.archiving.persist.intents import Intents, Outcome, Update
from instagram.archiving.records import HighlightRecord
from instagram.models import Availability, ChangeEvent, Highlight, HighlightItem, User
from storage.models import Asset

# Some edits change neither the number of stories nor the time of editing in the tray.
REREAD_AFTER = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class KnownHighlights:
    """The stored highlights of the tray by id, and their covers.

    `lacking` are the ids of highlights with a file that needs a fresh URL.
    """

    highlights: Mapping[str, Highlight]
    lacking: Collection[str]
    assets: Mapping[AssetKey, Asset]


@dataclass(frozen=True, slots=True)
class HighlightComparison:
    """One record of the tray and its stored highlight, if there is one."""

    record: HighlightRecord
    position: int
    highlight: Highlight | None
    differences: Mapping[str, Any]
    is_stale: bool

    @property
    def is_changed(self) -> bool:
        """Whether a tracked field of a stored highlight differs."""
        return self.highlight is not None and bool(self.differences)


def decide(
    user: User, known: KnownHighlights, records: Sequence[HighlightRecord], *, now: datetime
) -> Intents:
    """Decide what the tray writes. An empty `read_at` marks highlights to be read.

    These are new highlights, highlights whose number of stories or time of editing differs or is
    unknown, highlights that were read long ago, and highlights that lack a file. A highlight that
    is stored as another profile's is rejected.
    """
    accepted = [
        record
        for record in records
        if (stored := known.highlights.get(record.instagram_id)) is None
        or stored.user_id == user.pk
    ]
    files = assets.decide(wanted_files(accepted), known.assets, now=now)
    page = [
        _compare(record, position, known, files, now) for position, record in enumerate(accepted)
    ]
    inserts = [_new_highlight(user, each, now) for each in page if each.highlight is None]
    written = [each for each in page if each.highlight and (each.differences or each.is_stale)]
    return Intents(
        files=files,
        outcome=Outcome(
            seen=len(records),
            new=len(inserts),
            changed=sum(each.is_changed for each in page),
            rejected=len(records) - len(accepted),
        ),
        inserts=inserts,
        updates=[Update(each.highlight, _new_values(each, now)) for each in written],
        events=[
            *(_appeared(highlight) for highlight in inserts),
            *(_changed(each.highlight, each.differences) for each in written if each.highlight),
        ],
    )


def wanted_files(records: Iterable[HighlightRecord]) -> Iterator[Wanted]:
    yield from filter(None, map(_cover, records))


def decide_items(
    highlight: Highlight,
    stored: Mapping[str, HighlightItem],
    shown: Sequence[str],
    *,
    shows_all: bool,
    now: datetime,
) -> Intents:
    """Decide which stories a highlight has, and their order.

    `shown` are the ids that the provider lists. A removed story keeps its row, marked as removed.
    """
    before = [item.story_id for item in stored.values() if item.removed_at is None]
    # An incomplete list does not prove that a story was removed.
    after = [*shown] if shows_all else [*dict.fromkeys([*before, *shown])]
    files = FileIntents({})
    if before == after:
        return Intents(files=files, outcome=Outcome())
    change = Change(
        ChangeEvent.Kind.HIGHLIGHT,
        highlight.pk,
        highlight.user,
        {"stories": before if stored else None},
        {"stories": after},
    )
    items = _items(highlight, stored, after, now)
    return Intents(files=files, outcome=Outcome(), links=[*items], events=[change])


def _items(
    highlight: Highlight, stored: Mapping[str, HighlightItem], ids: Sequence[str], now: datetime
) -> Iterator[HighlightItem]:
    for position, story_id in enumerate(ids):
        yield HighlightItem(highlight=highlight, story_id=story_id, position=position)
    for story_id, item in stored.items():
        if story_id not in ids:
            yield HighlightItem(
                highlight=highlight,
                story_id=story_id,
                position=item.position,
                removed_at=item.removed_at or now,
            )


def _cover(record: HighlightRecord) -> Wanted | None:
    return assets.wanted("highlight", record.instagram_id, Asset.Role.COVER, record.cover_url)


def _compare(
    record: HighlightRecord,
    position: int,
    known: KnownHighlights,
    files: FileIntents,
    now: datetime,
) -> HighlightComparison:
    highlight = known.highlights.get(record.instagram_id)
    incoming = {
        "title": record.title,
        "position": position,
        "availability": Availability.LIVE,
        "cover": files.asset(_cover(record)),
    }
    current = highlight or Highlight(position=position)
    lacks_files = record.instagram_id in known.lacking
    return HighlightComparison(
        record=record,
        position=position,
        highlight=highlight,
        differences=changes.differences(current, incoming),
        is_stale=lacks_files or _is_stale(current, record, now),
    )


def _is_stale(current: Highlight, record: HighlightRecord, now: datetime) -> bool:
    """Whether the stories of the highlight may differ from the stored ones."""
    incoming = (record.media_count, record.edited_at)
    if current.read_at is None or incoming == (None, None):
        return True
    is_old = now - current.read_at > REREAD_AFTER
    return is_old or incoming != (current.media_count, current.edited_at)


def _new_values(comparison: HighlightComparison, now: datetime) -> dict[str, Any]:
    record, differences = comparison.record, comparison.differences
    sighted = absence.sighted(now=now) if "availability" in differences else {}
    return {
        **sighted,
        **differences,
        **({"read_at": None} if comparison.is_stale else {}),
        "media_count": record.media_count,
        "edited_at": record.edited_at,
        "raw_data": dict(record.raw),
        "updated_at": now,
    }


def _new_highlight(user: User, comparison: HighlightComparison, now: datetime) -> Highlight:
    highlight = Highlight(
        pk=comparison.record.instagram_id,
        user=user,
        position=comparison.position,
        created_at=now,
        last_seen_at=now,
    )
    changes.apply(highlight, _new_values(comparison, now))
    return highlight


def _appeared(highlight: Highlight) -> Change:
    values = changes.values(highlight, ("title", "position", "availability", "cover"))
    after = {name: value for name, value in values.items() if value is not None}
    return _change(highlight, {}, after)


def _changed(highlight: Highlight, differences: Mapping[str, Any]) -> Change:
    return _change(highlight, changes.values(highlight, differences), differences)


def _change(highlight: Highlight, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
    return Change(
        ChangeEvent.Kind.HIGHLIGHT,
        highlight.pk,
        highlight.user,
        changes.with_source_names(before),
        changes.with_source_names(after),
    )
