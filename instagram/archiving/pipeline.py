"""Archives a profile, stream by stream: fetch ──▶ parse ──▶ persist ──▶ assets wanted.

A page is stored in one transaction together with the cursor after it, so a worker that is killed
repeats at most one call. `outcomes` lists what each error means for the run.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import Model, Q
from django.utils import timezone
from structlog.contextvars import bound_contextvars

from api_logs import recording
from core.db.retrying import is_conflict, is_permanent, retry_on_conflict, sqlstate
from core.tasks import send_on_commit
from core.utils.errors import (
    CoreAPIError,
    Erased,
    NotAllowedNow,
    NotAvailable,
    PrivateProfile,
    Transient,
    UnexpectedPayload,
)
from instagram.archiving import fetch, observers, outcomes, parse, persist, runs, schedule
from instagram.archiving.outcomes import StreamOutcome
from instagram.archiving.records import (
    Page,
    PostRecord,
    ProfileRecord,
    StoryRecord,
)
from instagram.models import ArchiveRun, Highlight, Post, RunStream, StreamPoll, User
from storage.download import queue


def archive(run: ArchiveRun, *, leaving: Collection[str] = ()) -> None:
    """Archive every stream of a claimed run, or put the run off. A failed stream stops no other.

    Raises runs.LostLease if another worker has taken the run over, and runs.LeftToOthers if only
    the streams in `leaving` are left.
    """
    with (
        runs.lease_renewed(run),
        recording.attributed_to(batch=str(run.pk)),
        bound_contextvars(run=str(run.pk)),
    ):
        if run.is_first_claim:
            # A new request is a reason to try files again whose renewals were used up.
            queue.allow_renewals(files_of(run.user))
        # Each lease that ran out was an attempt: this run may be what kills its workers.
        if run.attempts > runs.MAX_ATTEMPTS:
            error = Transient(f"{run.attempts} attempts in a row died without a page")
            runs.fail_all(run, error)
        # `finish` fails if a stream was added to the run after the last look.
        while (stream := runs.next_stream(run, leaving=leaving)) or not runs.finish(run):
            if stream is not None and not _archive_stream(run, stream):
                return


def files_of(user: User) -> Q:
    """The owners of files for which a run of the profile may request fresh URLs."""
    return (
        Q(owner_kind="user", owner_id=user.instagram_id or "")
        | Q(owner_kind="post", owner_id__in=Post.objects.of(user).values("pk"))
        | Q(owner_kind="story", owner_id__in=user.stories.values("pk"))
        | Q(owner_kind="highlight", owner_id__in=user.highlights.values("pk"))
    )


def _archive_stream(run: ArchiveRun, stream: RunStream) -> bool:
    """Archive one stream; returns False if the run was put off."""
    try:
        STAGES[stream.name](run, stream)
    except CoreAPIError as error:
        return _conclude(run, stream, error)
    return True


def _conclude(run: ArchiveRun, stream: RunStream, error: CoreAPIError) -> bool:
    """End the stream as the table of `outcomes` says; returns False if the run was put off."""
    match outcomes.outcome_of(error, stream.name), error:
        case StreamOutcome.RETRY_LATER, Transient() if runs.pause(run, error):
            return False
        case StreamOutcome.POSTPONE_RUN, NotAllowedNow():
            runs.postpone(run, error)
            return False
        case StreamOutcome.SKIP_STREAM, _:
            runs.end(run, stream, error, state=RunStream.State.SKIPPED)
        case StreamOutcome.FAIL_RUN, _:
            runs.fail_all(run, error)
        case StreamOutcome.COUNT_MISS, _:
            _write(partial(_miss, run, stream, error), run)
        case StreamOutcome.DOUBT_PROFILE, _:
            _write(partial(_doubt, run, stream, error), run)
        case StreamOutcome.REFUSE_ERASED, Erased():
            runs.refuse_erased(run, error)
        case _:
            runs.end(run, stream, error)
    return True


def _miss(run: ArchiveRun, stream: RunStream, error: CoreAPIError) -> None:
    polls = StreamPoll.objects.filter(user=run.user, stream=stream.name)
    last_seen = polls.values_list("polled_at", flat=True).first()
    persist.missing(run.user, now=timezone.now(), last_seen=last_seen)
    runs.fail_all(run, error)


def _doubt(run: ArchiveRun, stream: RunStream, error: CoreAPIError) -> None:
    runs.end(run, stream, error)
    schedule.doubt(run.user, now=timezone.now())


def archive_profile(run: ArchiveRun, stream: RunStream) -> None:
    """Store the profile's fields, name, counts and picture."""
    asked_at = timezone.now()
    record = _ask_profile(run.user)

    def write() -> None:
        run.user, outcome = persist.profile(run.user, record, now=timezone.now())
        runs.advance(run, stream, outcome)
        _close(run, stream, outcome, asked_at)

    _store(write, run, stream)


def _ask_profile(user: User) -> ProfileRecord:
    """The profile by its id, or by its name if the provider has no answer for the id."""
    try:
        return parse.profile(fetch.profile(user))
    except NotAvailable:
        if user.instagram_id is None:
            raise
        # The answer for an id that is gone cannot be told from an outage. For a name that no
        # account holds, the provider answers NoSuchProfile.
        record = parse.profile(fetch.profile_by_name(user))
        # The name belongs to another account now, which proves nothing about this one.
        if record.instagram_id != user.instagram_id:
            raise
        return record


def archive_stories(run: ArchiveRun, stream: RunStream) -> None:
    """Store the stories on show. The provider returns all of them in one page."""
    _refuse_private(run)
    asked_at = timezone.now()
    page = parse.stories(fetch.stories(run.user))

    def write() -> None:
        outcome = persist.stories(run.user, page.items, now=timezone.now())
        # An item that could not be read may be the story that seems to be missing.
        if page.names_all and not outcome.rejected:
            persist.absent.stories(run.user, page.ids, now=asked_at)
        runs.advance(run, stream, outcome, rejected=_lacking(page, "stories"))
        _close(run, stream, outcome, asked_at)

    _store(write, run, stream)


def archive_posts(run: ArchiveRun, stream: RunStream) -> None:
    """Store every page of the grid, from the stream's cursor to the end."""
    _refuse_private(run)
    while stream.state == RunStream.State.PENDING:
        asked_at = timezone.now()
        page = parse.posts(fetch.posts(run.user, stream.cursor))
        _store_posts(run, stream, page, tab="in_grid", asked_at=asked_at)


def archive_reels(run: ArchiveRun, stream: RunStream) -> None:
    """Store every page of the reels. Reels are posts, and most of them are in the grid too."""
    _refuse_private(run)
    while stream.state == RunStream.State.PENDING:
        asked_at = timezone.now()
        page = parse.reels(fetch.reels(run.user, stream.cursor))
        _store_posts(run, stream, page, tab="in_reels", asked_at=asked_at)


def _store_posts(
    run: ArchiveRun,
    stream: RunStream,
    shown: Page[PostRecord],
    *,
    tab: persist.Tab,
    asked_at: datetime,
) -> None:
    page = _without_advertisements(shown, run.user)

    def write() -> None:
        outcome = persist.posts(run.user, page.items, now=timezone.now(), tab=tab)
        rejected = _lacking(page, "posts")
        following = page.next_cursor
        runs.advance(run, stream, outcome, next_cursor=following, rejected=rejected, shown=page.ids)
        if stream.state != RunStream.State.PENDING:
            persist.absent.posts(run, now=asked_at)
        _close(run, stream, outcome, asked_at)

    _store(write, run, stream)


def archive_highlights(run: ArchiveRun, stream: RunStream) -> None:
    """Store the tray, then the stories of each highlight that is new or changed.

    The tray is one page, and each of those highlights another, with its id as the cursor. An
    unchanged tray costs one call.
    """
    _refuse_private(run)
    if not stream.cursor:
        _archive_tray(run, stream)
    while stream.state == RunStream.State.PENDING:
        _archive_highlight(run, stream)


def _archive_tray(run: ArchiveRun, stream: RunStream) -> None:
    asked_at = timezone.now()
    page = parse.highlights(fetch.highlights(run.user))

    def write() -> None:
        outcome = persist.tray(run.user, page.items, now=timezone.now())
        rejected = [*page.rejected, *_cut_short(page, "tray")]
        if page.next_cursor is not None:
            # The provider's endpoint takes no cursor, so the rest of the tray cannot be read.
            text = "the tray goes on, and cannot be asked for the rest"
            rejected.append(UnexpectedPayload(text, path="tray"))
        if page.names_all and not outcome.rejected and page.next_cursor is None:
            persist.absent.highlights(run.user, page.ids, now=asked_at)
        following = Highlight.objects.to_read(run.user).first()
        runs.advance(run, stream, outcome, next_cursor=_cursor(following), rejected=rejected)
        _close(run, stream, outcome, asked_at)

    _store(write, run, stream)


def _archive_highlight(run: ArchiveRun, stream: RunStream) -> None:
    """Store the stories of the highlight at the cursor."""
    highlight = Highlight.objects.select_related("user").get(pk=stream.cursor)
    asked_at = timezone.now()
    try:
        page = parse.highlight_stories(fetch.highlight_stories(highlight.pk))
    except (NotAvailable, UnexpectedPayload) as error:
        # One highlight without an answer must not cost the highlights after it.
        page = Page((), (UnexpectedPayload(str(error), path=f"highlight {highlight.pk}"),))
    if not page.rejected and page.missing is None and highlight.media_count:
        # Without a count of its own, the tray's count shows whether the answer was cut short.
        page = replace(page, missing=max(0, highlight.media_count - len(page.items)))

    def write() -> None:
        outcome = persist.highlight_stories(highlight, page, now=timezone.now())
        following = Highlight.objects.to_read(run.user, after=highlight).first()
        rejected = _lacking(page, f"highlight {highlight.pk}")
        runs.advance(run, stream, outcome, next_cursor=_cursor(following), rejected=rejected)
        _close(run, stream, outcome, asked_at)

    _store(write, run, stream, highlight)


def _cursor(highlight: Highlight | None) -> str | None:
    return highlight.pk if highlight else None


STAGES: dict[str, Callable[[ArchiveRun, RunStream], None]] = {
    RunStream.Name.PROFILE: archive_profile,
    RunStream.Name.STORIES: archive_stories,
    RunStream.Name.POSTS: archive_posts,
    RunStream.Name.REELS: archive_reels,
    RunStream.Name.HIGHLIGHTS: archive_highlights,
}


def _close(
    run: ArchiveRun, stream: RunStream, outcome: persist.Outcome, asked_at: datetime
) -> None:
    """Note the poll if the stream has ended, then notify observers and download workers."""
    if stream.state == RunStream.State.SUCCEEDED:
        found_new = bool(stream.new or stream.changed)
        schedule.note_poll(run.user, stream.name, now=asked_at, found_new=found_new)
    elif stream.state == RunStream.State.FAILED:
        schedule.note_partial_poll(run.user, stream.name, now=asked_at)
    observers.notify(run.user, stream.name)
    nudge_downloads(outcome)


def _refuse_private(run: ArchiveRun) -> None:
    # The provider sees private profiles as strangers do: the call would cost and return nothing.
    if run.user.is_private:
        raise PrivateProfile("the profile is private")


def _without_advertisements(page: Page[PostRecord], user: User) -> Page[PostRecord]:
    """The page without the advertisements of other profiles."""
    own = [
        post
        for post in page.items
        if not post.is_advertisement
        or (post.owner is not None and post.owner.instagram_id == user.instagram_id)
    ]
    return replace(page, items=tuple(own))


def _lacking(
    page: Page[PostRecord] | Page[StoryRecord], listed: str
) -> tuple[UnexpectedPayload, ...]:
    """The items and files that the page should have and lacks, although the rest is stored."""
    return (*page.rejected, *_cut_short(page, listed), *_without_files(page.items))


def _cut_short(page: Page[Any], listed: str) -> Iterator[UnexpectedPayload]:
    if page.missing:
        text = f"{page.missing} items are counted and not shown"
        yield UnexpectedPayload(text, path=listed)


def _without_files(
    items: Sequence[PostRecord] | Sequence[StoryRecord],
) -> Iterator[UnexpectedPayload]:
    """One error for each stored item whose answer lacks a picture, a video or a child."""
    for item in items:
        if item.lacks_files:
            noun = "post" if isinstance(item, PostRecord) else "story"
            yield UnexpectedPayload(
                "a file's address is missing",
                path=f"{noun} {item.instagram_id}",
                raw=dict(item.raw),
                item_id=item.instagram_id,
            )


def _store(write: Callable[[], None], run: ArchiveRun, *rows: Model) -> None:
    """Write a page with `_write`. Raises the errors of `one_transaction`."""
    with _explained():
        _write(write, run, *rows)


def _write(write: Callable[[], None], run: ArchiveRun, *rows: Model) -> None:
    """Write in one transaction, again after each conflict with another transaction."""

    # Repeating the write is free, repeating the call is not.
    def write_again() -> None:
        # The first attempt changed the instances in memory. The lease is not read again: if
        # another worker has it by now, the write must fail.
        run.refresh_from_db(fields=["user"])
        for row in rows:
            row.refresh_from_db()
        with transaction.atomic():
            write()

    try:
        with transaction.atomic():
            write()
    except DatabaseError as error:
        if not is_conflict(error):
            raise
        retry_on_conflict(write_again)()


@contextmanager
def one_transaction() -> Iterator[None]:
    """A transaction for one page.

    Raises Transient after a race with another page, and UnexpectedPayload if PostgreSQL would
    refuse the same page again.
    """
    with _explained(), transaction.atomic():
        yield


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        # A retry would only cost calls.
        if is_permanent(error):
            raise UnexpectedPayload(f"PostgreSQL refused the page: {sqlstate(error)}") from error
        raise Transient(f"storing the page failed: {type(error).__name__}") from error


def nudge_downloads(outcome: persist.Outcome) -> None:
    """Wake the download workers on commit, if the page wants files."""
    if outcome.wanted:
        send_on_commit("instagram.download_assets")
