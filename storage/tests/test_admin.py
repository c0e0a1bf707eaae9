"""The admin of the download queue."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.users.models import Account
from storage.actions import try_again
from storage.download import queue
from storage.download.queue import Failure
from storage.errors import UrlExpired
from storage.models import Asset, FixityEvent, StoredFile
from storage.tests.conftest import MakeAsset, MakeFile
from tests.support import samples


@pytest.fixture
def admin(client: Client, db: None) -> Client:
    """A client of a superuser."""
    client.force_login(Account.objects.create_superuser("root@example.org", "battery staple"))
    return client


@pytest.fixture
def lost(db: None) -> FixityEvent:
    return FixityEvent.objects.create(kind="lost", sha256="a" * 64, name="x", size=1)


def test_a_failed_file_can_be_tried_again(admin: Client, make_asset: MakeAsset) -> None:
    failed = make_asset(state="failed", attempts=8, error_code="Transient", error="host: reset")

    admin.post(
        reverse("admin:storage_asset_changelist"),
        {"action": "try_failed_again", "_selected_action": [failed.pk]},
    )

    failed.refresh_from_db()
    assert (failed.state, failed.attempts, failed.error_code) == ("wanted", 0, "")


def test_a_file_whose_url_expired_gets_its_renewals_back(make_asset: MakeAsset) -> None:
    failed = make_asset(
        state="failed", renewals=queue.MAX_RENEWALS[UrlExpired], error_code="UrlExpired"
    )
    try_again(Asset.objects.all())
    [claimed] = queue.claim(1)

    queue.settle([Failure(claimed, UrlExpired("HTTP 403"))])

    failed.refresh_from_db()
    assert failed.state == "expired"


def test_only_failed_files_are_changed(admin: Client, make_asset: MakeAsset) -> None:
    expired = make_asset(state="expired")

    admin.post(
        reverse("admin:storage_asset_changelist"),
        {"action": "try_failed_again", "_selected_action": [expired.pk]},
    )

    expired.refresh_from_db()
    assert expired.state == "expired"


def test_a_pause_before_the_next_attempt_can_be_ended(admin: Client, make_asset: MakeAsset) -> None:
    waiting = make_asset(next_attempt_at=timezone.now() + timedelta(hours=1), attempts=3)

    admin.post(
        reverse("admin:storage_asset_changelist"),
        {"action": "try_waiting_now", "_selected_action": [waiting.pk]},
    )

    waiting.refresh_from_db()
    assert waiting.next_attempt_at <= timezone.now()
    assert waiting.attempts == 3


def test_a_reader_cannot_try_again(client: Client, make_asset: MakeAsset, staff: Account) -> None:
    failed = make_asset(state="failed")
    staff.user_permissions.add(Permission.objects.get(codename="view_asset"))
    client.force_login(staff)

    client.post(
        reverse("admin:storage_asset_changelist"),
        {"action": "try_failed_again", "_selected_action": [failed.pk]},
    )

    failed.refresh_from_db()
    assert failed.state == "failed"


def test_the_signed_url_is_not_shown(admin: Client, make_asset: MakeAsset) -> None:
    asset = make_asset(url="https://cdn.example/x.jpg?oh=capability")

    page = admin.get(reverse("admin:storage_asset_change", args=[asset.pk]))

    assert page.status_code == 200
    assert "capability" not in page.content.decode()


def test_nothing_can_be_written_by_hand(admin: Client, make_asset: MakeAsset) -> None:
    asset = make_asset()

    admin.post(reverse("admin:storage_asset_change", args=[asset.pk]), {"state": "stored"})
    added = admin.get(reverse("admin:storage_asset_add"))

    assert Asset.objects.get().state == "wanted"
    assert added.status_code == 403


@pytest.mark.parametrize("model", ["asset", "storedfile", "fixityevent", "quarantined"])
def test_the_lists_open(admin: Client, make_asset: MakeAsset, model: str) -> None:
    make_asset()
    StoredFile.objects.create(sha256="a" * 64, size=1, media_type="image/jpeg", extension="jpg")

    assert (
        admin.get(reverse(f"admin:storage_{model}_changelist"), {"q": "a" * 64}).status_code == 200
    )


def test_a_stored_image_is_previewed(admin: Client) -> None:
    file = StoredFile.objects.create(
        sha256="a" * 64, size=1, media_type="image/jpeg", extension="jpg"
    )

    page = admin.get(reverse("admin:storage_storedfile_change", args=[file.pk]))

    assert f'src="/media/{file.name}"' in page.content.decode()


def test_files_are_found_by_the_whole_id_of_their_owner(
    admin: Client, make_asset: MakeAsset
) -> None:
    wanted, other = make_asset(owner_id="501"), make_asset(owner_id="5012")

    page = admin.get(reverse("admin:storage_asset_changelist"), {"q": " 501 "}).content.decode()

    assert f"/{wanted.pk}/change/" in page
    assert f"/{other.pk}/change/" not in page


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ({"error_code": "UrlExpired"}, 1),
        ({"error_code": "NotMedia"}, 0),
        ({"owner_kind": "post"}, 1),
        ({"owner_kind": "story"}, 0),
    ],
)
def test_files_are_narrowed_to_an_error_and_a_kind_of_owner(
    admin: Client, make_asset: MakeAsset, query: dict[str, str], rows: int
) -> None:
    asset = make_asset(owner_kind="post", state="failed", error_code="UrlExpired")

    page = admin.get(reverse("admin:storage_asset_changelist"), query).content.decode()

    assert page.count(f"/{asset.pk}/change/") == rows


def test_stored_files_are_narrowed_to_a_media_type_that_we_keep(
    admin: Client, make_file: MakeFile
) -> None:
    image = make_file(samples.jpeg())
    listed = reverse("admin:storage_storedfile_changelist")

    pages = {
        kind: admin.get(listed, {"media_type": kind}).content.decode()
        for kind in ("image/jpeg", "video/mp4")
    }

    assert f"/{image.pk}/change/" in pages["image/jpeg"]
    assert f"/{image.pk}/change/" not in pages["video/mp4"]


def accept(client: Client, event: FixityEvent) -> FixityEvent:
    """Choose the action in the list of events."""
    client.post(
        reverse("admin:storage_fixityevent_changelist"),
        {"action": "accept_loss", "_selected_action": [event.pk]},
    )
    return FixityEvent.objects.get(pk=event.pk)


def test_a_loss_can_be_accepted(admin: Client, lost: FixityEvent) -> None:
    event = accept(admin, lost)

    assert (event.repaired_by, event.accepted_by) == ("accepted", Account.objects.get())
    assert event.repaired_at is not None
    assert not FixityEvent.objects.open().exists()


def test_the_loss_of_a_repaired_file_is_not_accepted(admin: Client, lost: FixityEvent) -> None:
    lost.close(FixityEvent.Repair.COPY, timezone.now())

    event = accept(admin, lost)

    assert (event.repaired_by, event.accepted_by) == ("copy", None)


def test_accepting_a_loss_needs_its_own_permission(
    client: Client, lost: FixityEvent, staff: Account
) -> None:
    for codename in ("view_fixityevent", "change_fixityevent"):
        staff.user_permissions.add(Permission.objects.get(codename=codename))
    client.force_login(staff)
    before = accept(client, lost).repaired_by
    staff.user_permissions.add(Permission.objects.get(codename="accept_loss"))

    after = accept(client, lost).repaired_by

    assert (before, after) == ("", "accepted")
