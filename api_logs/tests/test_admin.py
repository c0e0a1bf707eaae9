"""The log as staff see it: everything can be read, nothing written."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from api_logs.models import Alarm, APIRequestLog, ProviderState, Spending
from core.users.models import Account

pytestmark = pytest.mark.django_db

LIST = reverse("admin:api_logs_apirequestlog_changelist")


@pytest.fixture
def row() -> APIRequestLog:
    ProviderState.objects.create(provider="second", next_slot_at=timezone.now())
    return APIRequestLog.objects.create(
        provider="second",
        endpoint="user_posts",
        target="17",
        price=Decimal("0.001"),
        batch="run-7",
        response_body='{"the": "body"}',
    )


@pytest.mark.usefixtures("row")
@pytest.mark.parametrize(
    "query",
    ["", "?q=run-7", "?q=17", "?q=user_posts", "?state__exact=started", "?provider=second"],
)
def test_rows_are_listed_searched_and_filtered(admin_client: Client, query: str) -> None:
    page = admin_client.get(LIST + query).content.decode()

    assert "user_posts" in page
    assert "0.001" in page


@pytest.mark.usefixtures("row")
def test_a_search_for_something_else_finds_nothing(admin_client: Client) -> None:
    response = admin_client.get(LIST, {"q": "run-8"})

    assert response.context["cl"].result_count == 0


def test_a_row_shows_its_body(admin_client: Client, row: APIRequestLog) -> None:
    page = admin_client.get(reverse("admin:api_logs_apirequestlog_change", args=[row.pk]))

    assert "{&quot;the&quot;: &quot;body&quot;}" in page.content.decode()


@pytest.mark.usefixtures("row")
def test_another_provider_has_other_rows(admin_client: Client) -> None:
    ProviderState.objects.create(provider="primary", next_slot_at=timezone.now())

    response = admin_client.get(LIST, {"provider": "primary"})

    assert response.context["cl"].result_count == 0


@pytest.mark.parametrize("page", ["change", "delete"])
def test_a_row_cannot_be_changed_or_deleted(
    admin_client: Client, row: APIRequestLog, page: str
) -> None:
    address = reverse(f"admin:api_logs_apirequestlog_{page}", args=[row.pk])

    assert admin_client.post(address, {"target": "18"}).status_code == 403


def test_a_row_cannot_be_added(admin_client: Client) -> None:
    assert admin_client.get(reverse("admin:api_logs_apirequestlog_add")).status_code == 403


ALARMS = reverse("admin:api_logs_alarm_changelist")
PROVIDERS = reverse("admin:api_logs_providerstate_changelist")


@pytest.fixture
def alarm() -> Alarm:
    now = timezone.now()
    return Alarm.objects.create(
        kind=Alarm.Kind.UNAUTHORIZED, provider="primary", message="no", first_at=now, last_at=now
    )


def test_resolving_an_alarm_ends_it_in_the_name_of_who_did_it(
    admin_client: Client, admin_user: Account, alarm: Alarm
) -> None:
    admin_client.post(ALARMS, {"action": "try_again", "_selected_action": [alarm.pk]})

    alarm.refresh_from_db()
    assert alarm.resolved_at is not None
    assert alarm.resolved_by == admin_user.email


def test_who_may_not_change_alarms_resolves_none(
    client: Client, staff: Account, alarm: Alarm
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="view_alarm"))
    client.force_login(staff)

    client.post(ALARMS, {"action": "try_again", "_selected_action": [alarm.pk]})

    alarm.refresh_from_db()
    assert alarm.resolved_at is None


@pytest.fixture
def resting() -> ProviderState:
    later = timezone.now() + timedelta(minutes=10)
    return ProviderState.objects.create(
        provider="primary", next_slot_at=later, failures=5, breaks=1, open_until=later
    )


def test_staff_let_a_resting_provider_be_asked_now(
    admin_client: Client, resting: ProviderState
) -> None:
    admin_client.post(PROVIDERS, {"action": "try_now", "_selected_action": [resting.pk]})

    resting.refresh_from_db()
    assert resting.next_slot_at <= timezone.now()
    assert resting.break_left(timezone.now()) is None


def test_who_may_only_look_at_providers_ends_no_pause(
    client: Client, staff: Account, resting: ProviderState
) -> None:
    staff.user_permissions.add(Permission.objects.get(codename="view_providerstate"))
    client.force_login(staff)

    client.post(PROVIDERS, {"action": "try_now", "_selected_action": [resting.pk]})

    resting.refresh_from_db()
    assert resting.open_until is not None


@pytest.mark.usefixtures("alarm")
def test_open_alarms_are_noted_on_every_page(admin_client: Client) -> None:
    assert "Open alarms: 1" in admin_client.get(reverse("admin:index")).content.decode()


def test_without_an_open_alarm_there_is_no_note(admin_client: Client, alarm: Alarm) -> None:
    Alarm.objects.update(resolved_at=timezone.now())

    assert "Open alarms" not in admin_client.get(reverse("admin:index")).content.decode()


@pytest.mark.usefixtures("alarm")
def test_strangers_learn_of_no_alarm(client: Client) -> None:
    assert "Open alarms" not in client.get(reverse("admin:login")).content.decode()


def test_what_a_day_cost_is_listed(admin_client: Client) -> None:
    Spending.objects.create(day=timezone.now().date(), calls=3, spent=Decimal("0.003"))

    page = admin_client.get(reverse("admin:api_logs_spending_changelist")).content.decode()

    assert "0.0030" in page


@pytest.mark.parametrize("model", ["alarm", "spending", "providerstate"])
def test_rows_cannot_be_added_by_hand(admin_client: Client, model: str) -> None:
    assert admin_client.get(reverse(f"admin:api_logs_{model}_changelist")).status_code == 200
    assert admin_client.get(reverse(f"admin:api_logs_{model}_add")).status_code == 403
