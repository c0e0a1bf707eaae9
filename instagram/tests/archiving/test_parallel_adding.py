"""Clients add and archive a profile while a worker stores its page."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from core.utils.errors import UnexpectedPayload
from instagram import actions
from instagram.archiving import persist, pipeline, runs
from instagram.archiving.persist import Outcome
from instagram.models import ArchiveRun, User
from lab.builders import NOW, post
from tests.support.erasables import add_profile, add_run
from tests.support.running import Start

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "api_log"]),
    pytest.mark.usefixtures("media_folder"),
]


def ask(user: User) -> ArchiveRun:
    return actions.request_archive(user=user, by=None)


def test_a_request_does_not_wait_for_rows_that_point_at_the_profile(meanwhile: Start) -> None:
    run = add_run(user := add_profile())

    with transaction.atomic():
        persist.posts(user, [post("77")], now=NOW)
        with connection.cursor() as cursor:  # now instead of at the commit: the share on the user
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        asked = meanwhile(lambda: ask(user)).result(10)

    assert asked == run


@pytest.mark.slow
def test_requests_during_a_page_get_the_run_that_is_active(meanwhile: Start) -> None:
    run = add_run(user := add_profile())
    stream = run.streams.get()

    for turn in range(20):
        with transaction.atomic():
            persist.posts(user, [post(str(1000 + turn))], now=NOW)
            asked = [meanwhile(lambda: ask(user)) for _ in range(2)]
            runs.advance(run, stream, Outcome(seen=1), next_cursor=f"page {turn}")
        assert [each.result(30) for each in asked] == [run, run]


def test_a_page_that_postgresql_refuses_for_its_bytes_is_no_transient() -> None:
    user = add_profile()

    with pytest.raises(UnexpectedPayload, match="22001"), pipeline.one_transaction():
        User.objects.filter(pk=user.pk).update(username="x" * 5000)
