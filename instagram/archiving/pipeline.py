"""The whole story of archiving a profile.

fetch ──▶ parse ──▶ persist ──▶ assets wanted. A page is stored in one transaction together with
the cursor behind it, so a worker killed anywhere repeats at most one call. What each error means
for the run stands in `archive`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import DatabaseError, transaction
from django.utils import timezone

from api_logs import recording
from core.errors import (
    BudgetExhausted,
    CoreAPIError,
    Erased,
    NoCredit,
    NoSuchProfile,
    NotAvailable,
    NotConfigured,
    PrivateProfile,
    Transient,
    Unauthorized,
    UnexpectedPayload,
)
from core.tasks import send_on_commit
from core.utils.answers import Payload
from instagram import erasure
from instagram.archiving import fetch, parse, persist, runs
from instagram.archiving.records import HighlightRecord, Page, PostRecord
from instagram.models import ArchiveRun, Highlight, RunStream, StreamPoll, User

NO_CALL_CAN_SUCCEED = (NotConfigured, Unauthorized, NoCredit)
NO_CALL_IS_ALLOWED = (BudgetExhausted,)


def archive(run: ArchiveRun) -> None:
    """Archive every stream of a claimed run, or put the run off. One failed stream stops no other.

    Raises runs.LostLease when another worker has taken the run over.
    """
    with runs.kept(run), recording.attributed_to(batch=str(run.pk)):
        if run.attempts > runs.MOST_ATTEMPTS:
            runs.fail_all(run, Transient(f"{run.attempts} attempts in a row died without a page"))
        while (stream := runs.next_stream(run)) or not runs.finish(run):
            if stream is not None and not _archive_stream(run, stream):
                return


def _archive_stream(run: ArchiveRun, stream: RunStream) -> bool:
    """Archive one stream; False when the run was put off."""
    try:
        STAGES[stream.name](run, stream)
    except Transient as error:
        if runs.pause(run, error):
            return False
        runs.fail(run, stream, error)
    except NO_CALL_IS_ALLOWED as error:
        runs.postpone(run, error)
        return False
    except PrivateProfile as error:
        runs.skip(run, stream, error)
    except NoSuchProfile as error:
        with transaction.atomic():
            persist.missing(run.user, now=timezone.now(), last_seen=_last_poll(run, stream))
            runs.fail_all(run, error)
    except Erased as error:
        erasure.refuse(run, error)
    except NO_CALL_CAN_SUCCEED as error:
        runs.fail_all(run, error)
    except CoreAPIError as error:
        runs.fail(run, stream, error)
    return True


def archive_profile(run: ArchiveRun, stream: RunStream) -> None:
    """Store the profile's fields, name, counts and picture."""
    record = parse.profile(fetch.profile(run.user))
    with one_transaction():
        run.user, outcome = persist.profile(run.user, record, now=timezone.now())
        runs.advance(run, stream, outcome)
        nudge_downloads(outcome)


def archive_stories(run: ArchiveRun, stream: RunStream) -> None:
    """Store the stories of this moment; the provider has one page of them."""
    _refuse_private(run)
    page = parse.stories(fetch.stories(run.user))
    with one_transaction():
        now = timezone.now()
        outcome = persist.stories(run.user, page.items, now=now)
        if not page.rejected and not outcome.rejected:
            persist.absent.stories(run.user, page.ids, now=now)
        runs.advance(run, stream, outcome, rejected=page.rejected)
        nudge_downloads(outcome)


def archive_posts(run: ArchiveRun, stream: RunStream) -> None:
    """Store every page of the grid, from the cursor where the stream stands to the end."""
    _archive_tab(run, stream, fetch.posts, parse.posts, "in_grid")


def archive_reels(run: ArchiveRun, stream: RunStream) -> None:
    """Store every page of the reels. Reels are posts; most of them stand in the grid too."""
    _archive_tab(run, stream, fetch.reels, parse.reels, "in_reels")


def _archive_tab(
    run: ArchiveRun,
    stream: RunStream,
    ask: Callable[[User, str], Payload],
    read: Callable[[object], Page[PostRecord]],
    tab: persist.Tab,
) -> None:
    _refuse_private(run)
    while stream.state == RunStream.State.PENDING:
        page = read(ask(run.user, stream.cursor))
        with one_transaction():
            now = timezone.now()
            outcome = persist.posts(run.user, page.items, now=now, tab=tab)
            runs.advance(
                run,
                stream,
                outcome,
                next_cursor=page.next_cursor,
                rejected=(*page.rejected, *_without_files(page.items)),
                shown=page.ids,
            )
            if stream.state == RunStream.State.SUCCEEDED:
                persist.absent.posts(run, now=now)
            nudge_downloads(outcome)


def archive_highlights(run: ArchiveRun, stream: RunStream) -> None:
    """Store the tray, then the stories of each highlight that the tray shows to be new or changed.

    The tray is one page, each of those highlights one more, under its id as the cursor; an
    unchanged tray costs one call.
    """
    _refuse_private(run)
    if not stream.cursor:
        _archive_tray(run, stream)
    while stream.state == RunStream.State.PENDING:
        _archive_highlight(run, stream)


def _archive_tray(run: ArchiveRun, stream: RunStream) -> None:
    page = parse.highlights(fetch.highlights(run.user))
    with one_transaction():
        now = timezone.now()
        outcome = persist.tray(run.user, page.items, now=now)
        rejected = (*page.rejected, *_cut_off(page))
        if not rejected and not outcome.rejected:
            persist.absent.highlights(run.user, page.ids, now=now)
        following = Highlight.objects.to_read(run.user).first()
        runs.advance(run, stream, outcome, next_cursor=_cursor(following), rejected=rejected)
        nudge_downloads(outcome)


def _archive_highlight(run: ArchiveRun, stream: RunStream) -> None:
    """Store one highlight; what the provider will not say of it costs only this one."""
    highlight = Highlight.objects.select_related("user").get(pk=stream.cursor)
    try:
        page = parse.highlight_stories(fetch.highlight_stories(highlight.pk))
    except (NotAvailable, UnexpectedPayload) as error:
        page = Page((), (UnexpectedPayload(str(error), path=f"highlight {highlight.pk}"),))
    with one_transaction():
        outcome = persist.Outcome()
        if not page.rejected:
            outcome = persist.highlight_stories(highlight, page.items, now=timezone.now())
        following = Highlight.objects.to_read(run.user, after=highlight).first()
        runs.advance(run, stream, outcome, next_cursor=_cursor(following), rejected=page.rejected)
        nudge_downloads(outcome)


def _cursor(highlight: Highlight | None) -> str | None:
    return highlight.pk if highlight else None


def _cut_off(tray: Page[HighlightRecord]) -> Iterator[UnexpectedPayload]:
    """The provider's endpoint takes no cursor: a tray that goes on is not all of it."""
    if tray.next_cursor is not None:
        yield UnexpectedPayload("the tray goes on, and cannot be asked for the rest", path="tray")


STAGES: dict[str, Callable[[ArchiveRun, RunStream], None]] = {
    RunStream.Name.PROFILE: archive_profile,
    RunStream.Name.STORIES: archive_stories,
    RunStream.Name.POSTS: archive_posts,
    RunStream.Name.REELS: archive_reels,
    RunStream.Name.HIGHLIGHTS: archive_highlights,
}


def _last_poll(run: ArchiveRun, stream: RunStream) -> datetime | None:
    """When a poll of the stream last saw everything."""
    polls = StreamPoll.objects.filter(user=run.user, stream=stream.name)
    return polls.values_list("polled_at", flat=True).first()


def _refuse_private(run: ArchiveRun) -> None:
    """A private profile shows its posts and stories to nobody; asking would only cost."""
    if run.user.is_private:
        raise PrivateProfile("the profile is private")


def _without_files(posts: Iterable[PostRecord]) -> Iterator[UnexpectedPayload]:
    """Posts that are stored, but whose pictures or videos nobody can fetch: not a success."""
    for post in posts:
        if post.lacks_files:
            path = f"post {post.instagram_id}"
            yield UnexpectedPayload("a file's address is missing", path=path, raw=dict(post.raw))


@contextmanager
def one_transaction() -> Iterator[None]:
    """One page, one transaction. Raises Transient: a race with another page is worth a retry."""
    try:
        with transaction.atomic():
            yield
    except DatabaseError as error:
        raise Transient(f"storing the page failed: {type(error).__name__}") from error


def nudge_downloads(outcome: persist.Outcome) -> None:
    """Tell the workers, once the page is committed, that files are wanted."""
    if outcome.wanted:
        send_on_commit("instagram.download_assets")
