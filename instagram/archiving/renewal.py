"""Requests fresh URLs for files whose signed URL expired before the bytes were stored.

One call renews all files of their owner: the post, the story's profile or highlight, the
highlight's tray, or the profile. `storage.download.queue` decides which owners are due, and when
to give up.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.utils import timezone

from api_logs import recording
from core.utils.errors import CoreAPIError, NotAllowedNow, Transient, UnexpectedPayload
from instagram.archiving import fetch, outcomes, parse, persist, pipeline
from instagram.models import Highlight, User
from storage.download import queue

BATCH = "renewal"
STOPS_RENEWAL = (*outcomes.NO_CALL_CAN_SUCCEED, NotAllowedNow)
log = structlog.get_logger(__name__)


def renew_due(limit: int) -> int:
    """Request fresh URLs for up to `limit` owners of expired files; returns how many were tried.

    An owner that fails is tried again later, with a growing backoff; the others go on.
    """
    asked = 0
    with recording.attributed_to(batch=BATCH):
        for owner in filter(queue.is_expired, queue.claim_expired(limit)):
            try:
                _renew(owner)
            except STOPS_RENEWAL as error:
                # No call can succeed now. The other owners must not be charged an attempt for it.
                log.warning("renewal.stopped", error_code=error.code)
                return asked
            asked += 1
    return asked


def _renew(owner: queue.Owner) -> None:
    """Renew one owner's files, and count the attempt unless the provider was not reached."""
    try:
        RENEWALS[owner.kind](owner.identifier)
    except STOPS_RENEWAL:
        raise
    except Transient:
        log.info("renewal.put_off", owner_kind=owner.kind, owner=owner.identifier)
        return
    except (CoreAPIError, User.DoesNotExist) as error:
        log.info("renewal.failed", owner_kind=owner.kind, owner=owner.identifier, error=str(error))
    queue.count_renewal(owner)


def renew_post(post_id: str) -> None:
    user = User.objects.get(posts=post_id)
    record = parse.post(fetch.post(post_id))
    if record.instagram_id != post_id:
        raise UnexpectedPayload("the answer is about another post", path="post.id", raw=record.raw)
    with pipeline.one_transaction():
        pipeline.nudge_downloads(persist.posts(user, [record], now=timezone.now()))


def renew_story(story_id: str) -> None:
    """Request a highlight that contains the story, or else the profile's stories."""
    # The highlight first, because an expired story is no longer among the profile's stories.
    kept_in = Highlight.objects.filter(items__story=story_id, items__removed_at=None)
    if highlight := kept_in.select_related("user").first():
        user = highlight.user
        page = parse.highlight_stories(fetch.highlight_stories(highlight.pk))
    else:
        user = User.objects.get(stories=story_id)
        page = parse.stories(fetch.stories(user))
    with pipeline.one_transaction():
        pipeline.nudge_downloads(persist.stories(user, page.items, now=timezone.now()))


def renew_cover(highlight_id: str) -> None:
    user = User.objects.get(highlights=highlight_id)
    page = parse.highlights(fetch.highlights(user))
    with pipeline.one_transaction():
        pipeline.nudge_downloads(persist.tray(user, page.items, now=timezone.now()))


def renew_picture(instagram_id: str) -> None:
    user = User.objects.get(instagram_id=instagram_id)
    record = parse.profile(fetch.profile(user))
    with pipeline.one_transaction():
        _, outcome = persist.profile(user, record, now=timezone.now())
        pipeline.nudge_downloads(outcome)


RENEWALS: dict[str, Callable[[str], None]] = {
    "post": renew_post,
    "story": renew_story,
    "highlight": renew_cover,
    "user": renew_picture,
}
