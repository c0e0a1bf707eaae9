"""What no parser could read: kept once, however often it is met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from django.db.models import Q
from django.utils import timezone

from core.utils.errors import UnexpectedPayload
from instagram.models import ArchiveRun, RejectedItem, RunStream

Key = tuple[str, str]
"""The item's id; where it has none, its path."""
REWRITTEN = ("stream", "path", "error", "raw", "seen_at")
MAX_ID_LENGTH, MAX_PATH_LENGTH = 64, 200  # the columns
log = structlog.get_logger(__name__)


def keep(run: ArchiveRun, stream: RunStream, rejected: Sequence[UnexpectedPayload]) -> None:
    """Keep the items of a page, each instead of what earlier runs kept of it.

    An item without an id is known by its place, which is another item's on the next page: those of
    one run stand beside each other. Sends no statement where there is nothing to keep, else up to
    3. The caller has locked the run.
    """
    if not rejected:
        return
    errors = {error.item_id or place: error for place, error in enumerate(rejected)}.values()
    found = {_key(each): each for each in _kept_before(run, stream, map(_key_of, errors))}
    rows = []
    for error in errors:
        key = _key_of(error)
        row = found.pop(key, None) or RejectedItem(item_id=key[0])
        row.stream, row.path, row.error = stream, error.path[:MAX_PATH_LENGTH], str(error)
        row.raw, row.seen_at = error.raw, timezone.now()
        rows.append(row)
        log.warning("item.rejected", stream=stream.name, path=error.path, error=str(error))
    RejectedItem.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["pk"], update_fields=REWRITTEN
    )


def _key_of(error: UnexpectedPayload) -> Key:
    item_id = error.item_id[:MAX_ID_LENGTH]
    return item_id, "" if item_id else error.path[:MAX_PATH_LENGTH]


def _key(item: RejectedItem) -> Key:
    return item.item_id, "" if item.item_id else item.path


def _kept_before(run: ArchiveRun, stream: RunStream, keys: Iterable[Key]) -> Iterable[RejectedItem]:
    ids, paths = zip(*keys, strict=True)
    same = RejectedItem.objects.filter(stream__run__user=run.user_id, stream__name=stream.name)
    known_by_place = Q(~Q(stream=stream), item_id="", path__in=filter(None, paths))
    return same.filter(Q(item_id__in=filter(None, ids)) | known_by_place).defer("raw")
