"""A file whose URL expired gets a fresh one, a bounded number of times."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from instagram.archiving import renewal
from instagram.models import Post, Story
from lab.simulator.client import SimulatorControl
from storage.download import batch
from storage.download.queue import MAX_RENEWALS
from storage.errors import UrlExpired
from storage.models import Asset
from tests.support.running import GRID, archive

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])
EVERYTHING = 1000


@pytest.fixture
def archived(provider: SimulatorControl) -> None:
    """A profile whose rows are stored and whose files are only wanted."""
    archive("story.hours")


@pytest.fixture
def archived_posts(provider: SimulatorControl) -> None:
    """A profile of posts, likewise."""
    archive("story.hours", *GRID)


@pytest.fixture
def archived_stories(provider: SimulatorControl) -> None:
    """A profile of stories, likewise."""
    archive("story.hours", "profile", "stories")


def let_pauses_pass() -> None:
    Asset.objects.update(next_attempt_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.slow
@pytest.mark.usefixtures("archived")
def test_every_kind_of_owner_gets_fresh_urls(provider: SimulatorControl) -> None:
    provider.advance_clock(5 * 86400)  # beyond every signature
    batch.download_batch(EVERYTHING)
    provider.advance_clock(-5 * 86400)
    expired = set(Asset.objects.filter(state="expired").values_list("owner_kind", flat=True))

    renewal.renew_due(EVERYTHING)
    batch.download_batch(EVERYTHING)

    assert expired == {"user", "post", "story", "highlight"}
    assert not Asset.objects.exclude(state="stored").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("archived_posts")
def test_one_call_renews_all_files_of_a_post(provider: SimulatorControl) -> None:
    owner = Asset.objects.filter(owner_kind="post").first()
    assert owner is not None
    files = Asset.objects.filter(owner_id=owner.owner_id)
    files.update(state="expired")
    before = provider.stats()["core_api"]["calls"]

    renewal.renew_due(EVERYTHING)

    assert provider.stats()["core_api"]["calls"] == before + 1
    assert {asset.state for asset in files.all()} == {"wanted"}


@pytest.mark.slow
@pytest.mark.usefixtures("archived_posts")
def test_a_url_that_is_refused_however_fresh_fails_in_the_end(provider: SimulatorControl) -> None:
    provider.add_fault("status", service="cdn", status=403)

    for _ in range(MAX_RENEWALS[UrlExpired] + 1):
        let_pauses_pass()
        batch.download_batch(EVERYTHING)
        let_pauses_pass()
        renewal.renew_due(EVERYTHING)

    of_posts = Asset.objects.filter(owner_kind="post")
    assert {*of_posts.values_list("state", "error_code")} == {("failed", "UrlExpired")}


@pytest.mark.usefixtures("archived_posts")
def test_an_owner_that_we_no_longer_have_stops_no_other(provider: SimulatorControl) -> None:
    first, second = Post.objects.order_by("pk")[:2]
    Asset.objects.filter(owner_id__in=[first.pk, second.pk]).update(state="expired")
    Post.objects.filter(pk=first.pk).delete()

    renewal.renew_due(EVERYTHING)

    assert {*Asset.objects.filter(owner_id=first.pk).values_list("state", flat=True)} == {"expired"}
    assert {*Asset.objects.filter(owner_id=second.pk).values_list("state", flat=True)} == {"wanted"}


@pytest.mark.usefixtures("archived_posts")
def test_an_answer_about_another_post_is_not_stored(provider: SimulatorControl) -> None:
    asked = Post.objects.order_by("pk")[0]
    Asset.objects.filter(owner_id=asked.pk).update(state="expired")
    answer = {"code": 200, "data": {"pk": "1", "taken_at": 1721000000, "media_type": 1}}
    provider.add_fault(
        "status", status=200, body=json.dumps(answer), content_type="application/json"
    )

    renewal.renew_due(EVERYTHING)

    assert not Post.objects.filter(pk="1").exists()


@pytest.mark.slow
@pytest.mark.usefixtures("archived_stories")
def test_an_owner_that_the_provider_no_longer_has_fails_in_the_end(
    provider: SimulatorControl,
) -> None:
    Asset.objects.update(state="expired")
    provider.add_fault("form", form="upstream_failed")

    for _ in range(MAX_RENEWALS[UrlExpired] + 1):
        let_pauses_pass()
        renewal.renew_due(EVERYTHING)

    assert {*Asset.objects.values_list("state", flat=True)} == {"failed"}


@pytest.mark.slow
@pytest.mark.usefixtures("archived_stories")
def test_a_refused_token_fails_no_file_and_costs_one_call(provider: SimulatorControl) -> None:
    Asset.objects.update(state="expired")
    provider.add_fault("form", form="invalid_token")
    before = provider.stats()["core_api"]["calls"]

    for _ in range(MAX_RENEWALS[UrlExpired] + 1):
        let_pauses_pass()
        renewal.renew_due(EVERYTHING)

    assert {*Asset.objects.values_list("state", "renewals")} == {("expired", 0)}
    assert provider.stats()["core_api"]["calls"] == before + 1


@pytest.mark.slow
@pytest.mark.usefixtures("archived_stories")
def test_one_call_renews_all_live_stories_of_a_profile(provider: SimulatorControl) -> None:
    live = Story.objects.filter(highlight_items=None).values("pk")
    Asset.objects.filter(owner_kind="story", owner_id__in=live).update(state="expired")
    before = provider.stats()["core_api"]["calls"]

    renewal.renew_due(EVERYTHING)

    assert provider.stats()["core_api"]["calls"] == before + 1
    assert not Asset.objects.filter(state="expired").exists()
