"""The tray of highlights, and the stories inside each of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from instagram.archiving.persist import assets, intents
from instagram.archiving.persist.decide import highlights as decider
from instagram.archiving.persist.decide.highlights import Known
from instagram.archiving.persist.intents import Outcome
from instagram.archiving.persist.stories import stories
from instagram.archiving.records import HighlightRecord, Page, StoryRecord
from instagram.models import Highlight, HighlightItem, Story, User
from storage.models import Asset


def tray(user: User, records: Sequence[HighlightRecord], *, now: datetime) -> Outcome:
    """Store the tray, and mark the highlights whose stories must be asked for.

    Statements: 2 when nothing changed, 1 more for fresh URLs of covers, 5 at most.
    """
    known = _read(records)
    return intents.apply(decider.decide(user, known, records, now=now), now=now)


def highlight_stories(highlight: Highlight, page: Page[StoryRecord], *, now: datetime) -> Outcome:
    """Store the stories of one highlight, and their order.

    A page that lacks something leaves `read_at` empty: the next run asks again.
    Statements: 10 at most.
    """
    outcome = stories(highlight.user, page.items, now=now)
    stored = {item.story_id: item for item in highlight.items.all()}
    shown = _own(highlight.user, [each.instagram_id for each in page.items])
    shows_all = page.names_all and not page.rejected
    intents.apply(
        decider.decide_items(highlight, stored, shown, shows_all=shows_all, now=now), now=now
    )
    if shows_all and not any(story.lacks_files for story in page.items):
        Highlight.objects.filter(pk=highlight.pk).update(read_at=now)
    return outcome


def _read(records: Sequence[HighlightRecord]) -> Known:
    # The next answer has a fresh URL for a file that failed, unless the file is too large.
    failed = Asset.objects.filter(state=Asset.State.FAILED)
    files = failed.exclude(error_code__in=assets.GIVEN_UP_FOR_GOOD).values("pk")
    lacking = HighlightItem.objects.filter(
        Q(story__image__in=files) | Q(story__video__in=files),
        highlight=OuterRef("pk"),
        removed_at=None,
    )
    ids = [record.instagram_id for record in records]
    rows: Iterable[Any] = (  # highlights, with an annotation that mypy cannot see
        Highlight.objects.filter(pk__in=ids)
        .select_related("cover")
        .annotate(lacks_files=Exists(lacking))
    )
    highlights = {row.pk: row for row in rows}
    return Known(
        highlights=highlights,
        lacking={pk for pk, row in highlights.items() if row.lacks_files},
        assets=assets.read(decider.wanted_files(records)),
    )


def _own(user: User, ids: Sequence[str]) -> list[str]:
    """Those of the stories that are stored as the profile's, in the same order."""
    own = {*Story.objects.filter(pk__in=ids, user=user).values_list("pk", flat=True)}
    return [key for key in ids if key in own]
