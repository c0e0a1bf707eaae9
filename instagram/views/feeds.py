"""Atom feeds of changes, for feed readers."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from django.http import HttpResponse
from django.template.defaultfilters import linebreaksbr
from django.utils.feedgenerator import Atom1Feed
from rest_framework.request import Request

from core.api.answers import unchanged
from instagram.models import ChangeEvent, User

MEDIA_TYPE = "application/atom+xml"
LENGTH = 50
MAX_VALUE_LENGTH = 500
# XML 1.0 cannot contain these, and captions do.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
RESOURCES = {
    ChangeEvent.Kind.USER: "users",
    ChangeEvent.Kind.POST: "posts",
    ChangeEvent.Kind.STORY: "stories",
    ChangeEvent.Kind.HIGHLIGHT: "highlights",
}


def answer(request: Request, user: User | None = None) -> HttpResponse:
    """The newest changes of a profile, or of all, as Atom; 304 if the client has them."""
    return unchanged(
        request,
        lambda: _feed(request, user).writeString("utf-8"),
        encode=str.encode,
        media_type=MEDIA_TYPE,
    )


def _feed(request: Request, user: User | None) -> Atom1Feed:
    feed = Atom1Feed(
        title=f"Instarchiver: changes of {user}" if user else "Instarchiver: all changes",
        link=request.build_absolute_uri("/"),
        description="",
        feed_url=request.build_absolute_uri(),
        feed_guid=request.build_absolute_uri(request.path),
        author_name="Instarchiver",
    )
    host = request.get_host().partition(":")[0]
    for event in _newest(user):
        resource = RESOURCES[ChangeEvent.Kind(event.kind)]
        feed.add_item(
            title=_title(event),
            link=request.build_absolute_uri(f"/instagram/{resource}/{event.object_id}/"),
            # Django declares a summary to be HTML. Captions are text, so they are escaped.
            description=linebreaksbr(_writable("\n".join(_lines(event)))),
            unique_id=f"tag:{host},2026:change/{event.pk}",
            updateddate=event.seen_at,
            pubdate=event.seen_at,
            categories=[event.kind, event.event],
        )
    return feed


def _newest(user: User | None) -> list[ChangeEvent]:
    rows = ChangeEvent.objects.settled().select_related("user")
    if user is not None:
        rows = rows.filter(user=user)
    return [*rows.defer("user__raw_data").order_by("-transaction", "-id")[:LENGTH]]


def _title(event: ChangeEvent) -> str:
    owner = event.user.username if event.user else "an erased profile"
    what = "profile" if event.kind == ChangeEvent.Kind.USER else event.kind
    names = ", ".join(sorted(event.fields)) if event.event == ChangeEvent.Event.CHANGED else ""
    return _writable(f"{owner}: {what} {event.event}" + (f" ({names})" if names else ""))


def _lines(event: ChangeEvent) -> Iterator[str]:
    for name, values in sorted(event.fields.items()):
        old, new = _shown(values.get("old")), _shown(values.get("new"))
        yield f"{name}: {new}" if values.get("old") is None else f"{name}: {old} → {new}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_VALUE_LENGTH else f"{text[:MAX_VALUE_LENGTH]}…"


def _writable(text: str) -> str:
    return UNWRITABLE.sub("\ufffd", text)
