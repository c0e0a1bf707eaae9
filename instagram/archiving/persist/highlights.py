"""Stores the tray of highlights, and the stories inside each highlight."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from instagram.archiving.persist import assets, intents
from instagram.archiving.persist.decide import highlights as decider
from instagram.archiving.persist.decide.highlights import KnownHighlights
from instagram.archiving.persist.intents import Outcome
from instagram.archiving.persist.stories import stories
from instagram.archiving.records import HighlightRecord, Page, StoryRecord
from instagram.models import Highlight, HighlightItem, Story, User
from storage.models import Asset


def tray(user: User, records: Sequence[HighlightRecord], *, now: datetime) -> Outcome:
    """Store the tray, and mark the highlights whose stories must be requested.

    Statements: 2 if nothing has changed, 1 more for fresh URLs of covers, 5 at most.
    """
    known = _read(records)
    return intents.apply(decider.decide(user, known, records, now=now), now=now)


def highlight_stories(highlight: Highlight, page: Page[StoryRecord], *, now: datetime) -> Outcome:
    """Store the stories of one highlight, and their order. At most 10 statements."""
    outcome = stories(highlight.user, page.items, now=now)
    stored = {item.story_id: item for item in highlight.items.all()}
    # Stories that `stories` rejected are not stored, or belong to another profile.
    ids = [each.instagram_id for each in page.items]
    own = {*Story.objects.filter(pk__in=ids, user=highlight.user).values_list("pk", flat=True)}
    shown = [story_id for story_id in ids if story_id in own]
    shows_all = page.names_all and not page.rejected
    intents.apply(
        decider.decide_items(highlight, stored, shown, shows_all=shows_all, now=now), now=now
    )
    # An incomplete page leaves `read_at` empty, so that the next run requests it again.
    if shows_all and not any(story.lacks_files for story in page.items):
        Highlight.objects.filter(pk=highlight.pk).update(read_at=now)
    return outcome


def _read(records: Sequence[HighlightRecord]) -> KnownHighlights:
    # A failed file can be stored from the fresh URL of another answer, unless it is too large.
    failed = Asset.objects.filter(state=Asset.State.FAILED)
    files = failed.exclude(error_code__in=assets.GIVEN_UP_FOR_GOOD).values("pk")
    lacking = HighlightItem.objects.filter(
        Q(story__image__in=files) | Q(story__video__in=files),
        highlight=OuterRef("pk"),
        removed_at=None,
    )
    ids = [record.instagram_id for record in records]
    rows: Iterable[Any] = (  # mypy does not know the annotation
        Highlight.objects.filter(pk__in=ids)
        .select_related("cover")
        .annotate(lacks_files=Exists(lacking))
    )
    highlights = {row.pk: row for row in rows}
    return KnownHighlights(
        highlights=highlights,
        lacking={pk for pk, row in highlights.items() if row.lacks_files},
        assets=assets.read(decider.wanted_files(records)),
    )
