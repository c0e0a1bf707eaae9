"""A profile with rows in every table, and a search for what an erasure left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from django.db import connection
from django.utils import timezone

from api_logs.models import APIRequestLog
from instagram.archiving import persist, runs
from instagram.archiving.records import HighlightRecord, OwnerRecord, Page
from instagram.models import (
    ArchiveRun,
    Highlight,
    RejectedItem,
    RunStream,
    StoryWindow,
    StreamPage,
    StreamPoll,
    User,
)
from lab.builders import NOW, medium, post, profile, signed, story
from storage import store
from storage.formats import media_types
from storage.models import Asset, StoredFile

ID, NAME, FORMER_NAME = "90210777001", "lena.erasable", "lena.former"
POST, STORY, HIGHLIGHT = "70010001", "70020001", "70030001"
OTHER = OwnerRecord("90210888002", "otto.stays")


def add_profile(instagram_id: str = ID, username: str = NAME) -> User:
    """A profile with picture, counts, name and history."""
    user, _ = persist.profile(
        User.objects.create(username=username), profile(instagram_id, username), now=NOW
    )
    return user


def archived(posts: int = 2) -> User:
    """A renamed profile with rows in every table that can hold one."""
    user = add_profile(username=FORMER_NAME)
    user, _ = persist.profile(user, profile(ID, NAME), now=NOW)
    numbers = range(int(POST), int(POST) + posts)
    pages = [post(number, media=[medium(number, video=True)]) for number in numbers]
    persist.posts(user, [replace(pages[0], coauthors=(OTHER,)), *pages[1:]], now=NOW)
    persist.stories(user, [story(STORY)], now=NOW)
    persist.tray(user, [highlight()], now=NOW)
    persist.highlight_stories(Highlight.objects.get(), Page((story(STORY),)), now=NOW)
    add_run(user)
    log_call(target=POST, batch="renewal")
    StreamPoll.objects.create(user=user, stream=RunStream.Name.POSTS)
    StoryWindow.objects.create(user=user, started_at=NOW, ended_at=timezone.now())
    store_files()
    return user


def highlight() -> HighlightRecord:
    return HighlightRecord(
        instagram_id=HIGHLIGHT,
        title="Ships",
        cover_url=signed(f"{HIGHLIGHT}_c.jpg"),
        media_count=1,
        edited_at=None,
        raw={"id": HIGHLIGHT},
    )


def add_run(user: User) -> ArchiveRun:
    """A claimed run with a page, a rejected item and a logged call."""
    run = ArchiveRun.objects.create(user=user)
    stream = RunStream.objects.create(run=run, name=RunStream.Name.POSTS, position=2)
    StreamPage.objects.create(stream=stream, ids=[POST])
    RejectedItem.objects.create(stream=stream, path="posts[1]", error="?", raw={"owner": ID})
    claimed = runs.claim(run.pk, now=timezone.now())
    assert claimed is not None
    log_call(target=ID, batch=str(run.pk))
    return claimed


def log_call(*, target: str, batch: str) -> APIRequestLog:
    """A logged call whose answer names the profile."""
    return APIRequestLog.objects.create(
        endpoint="user_posts",
        target=target,
        batch=batch,
        price=0,
        response_body=f'"{ID}", "{NAME}"',
    )


def store_files() -> None:
    """Store every wanted file, each with bytes of its own."""
    for asset in Asset.objects.filter(state=Asset.State.WANTED):
        asset.file = stored_file(
            f"{asset.owner_id} {asset.source_name}", poster=asset.role == "video"
        )
        asset.state = Asset.State.STORED
        asset.save()


def stored_file(text: str, *, poster: bool = False) -> StoredFile:
    """Store the text as a file, on request with a poster."""
    content = store.save(text.encode(), media_types.JPEG)
    file, _ = StoredFile.objects.get_or_create(
        sha256=content.sha256,
        defaults={"size": content.size, "media_type": "image/jpeg", "extension": "jpg"},
    )
    if poster:
        file.poster = stored_file(f"poster of {text}")
        file.save()
    return file


def tables_with(*texts: str) -> set[str]:
    """The tables with a row that contains one of the texts."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            query = f'SELECT count(*) FROM "{table}" t WHERE t::text ~ %s'  # noqa: S608  from the catalogue
            cursor.execute(query, ["|".join(texts)])
            (count,) = cursor.fetchone()
            if count:
                found.add(table)
    return found


def bytes_stored() -> Sequence[bytes]:
    return [path.read_bytes() for path in store.default().root.rglob("*") if path.is_file()]
