"""The whole story of archiving a profile.

fetch ──▶ parse ──▶ persist ──▶ assets wanted. A page is stored in one transaction together with
the cursor behind it, so a worker killed anywhere repeats at most one call. What each error means
for the run stands in `archive`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, transaction
from django.utils import timezone

from api_logs import recording
from core.errors import (
    BudgetExhausted,
    CoreAPIError,
    NoCredit,
    NoSuchProfile,
    NotConfigured,
    PrivateProfile,
    Transient,
    Unauthorized,
    UnexpectedPayload,
)
from core.tasks import send_on_commit
from instagram.archiving import fetch, parse, persist, runs
from instagram.archiving.records import PostRecord
from instagram.models import ArchiveRun, RunStream

NO_CALL_CAN_SUCCEED = (NotConfigured, Unauthorized, NoCredit, BudgetExhausted)


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
    except PrivateProfile as error:
        runs.skip(run, stream, error)
    except NoSuchProfile as error:
        with transaction.atomic():
            runs.fail_all(run, error)
            persist.missing(run.user, now=timezone.now())
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


def archive_posts(run: ArchiveRun, stream: RunStream) -> None:
    """Store every page of posts, from the cursor where the stream stands to the end."""
    _refuse_private(run)
    while stream.state == RunStream.State.PENDING:
        page = parse.posts(fetch.posts(run.user, stream.cursor))
        with one_transaction():
            outcome = persist.posts(run.user, page.items, now=timezone.now())
            runs.advance(
                run,
                stream,
                outcome,
                next_cursor=page.next_cursor,
                rejected=(*page.rejected, *_without_files(page.items)),
            )
            nudge_downloads(outcome)


def archive_stories(run: ArchiveRun, stream: RunStream) -> None:
    """Store the stories of this moment; the provider has one page of them."""
    _refuse_private(run)
    page = parse.stories(fetch.stories(run.user))
    with one_transaction():
        outcome = persist.stories(run.user, page.items, now=timezone.now())
        runs.advance(run, stream, outcome, rejected=page.rejected)
        nudge_downloads(outcome)


STAGES: dict[str, Callable[[ArchiveRun, RunStream], None]] = {
    RunStream.Name.PROFILE: archive_profile,
    RunStream.Name.POSTS: archive_posts,
    RunStream.Name.STORIES: archive_stories,
}


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
