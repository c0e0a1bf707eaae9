"""Stores items that no parser could read, once however often they are met."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import structlog
from django.db.models import Q
from django.utils import timezone

from core.utils.errors import UnexpectedPayload
from instagram.models import ArchiveRun, RejectedItem, RunStream

Key = tuple[str, str]
"""The item's id and "", or "" and its path if it has no id."""
REWRITTEN = ("stream", "path", "error", "raw", "seen_at")
MAX_ID_LENGTH, MAX_PATH_LENGTH = 64, 200  # the columns
log = structlog.get_logger(__name__)


def keep(run: ArchiveRun, stream: RunStream, rejected: Sequence[UnexpectedPayload]) -> None:
    """Store the rejected items of a page; each replaces the copy of an earlier run.

    Sends up to 3 statements, none without items. The caller has locked the run.
    """
    if not rejected:
        return
    errors = {error.item_id or index: error for index, error in enumerate(rejected)}.values()
    stored = _stored_before(run, stream, map(_key_of, errors))
    found = {(item.item_id, "" if item.item_id else item.path): item for item in stored}
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


def _stored_before(
    run: ArchiveRun, stream: RunStream, keys: Iterable[Key]
) -> Iterable[RejectedItem]:
    ids, paths = zip(*keys, strict=True)
    same = RejectedItem.objects.filter(stream__run__user=run.user_id, stream__name=stream.name)
    # The path of an item without an id belongs to another item on the next page, so such items are
    # only compared with those of other runs.
    by_path = Q(~Q(stream=stream), item_id="", path__in=filter(None, paths))
    return same.filter(Q(item_id__in=filter(None, ids)) | by_path).defer("raw")
