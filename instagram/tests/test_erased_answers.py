"""Answers that are kept for repeated requests name no erased profile."""

from __future__ import annotations

import pytest

from core.models import IdempotencyKey
from core.users.models import Account
from instagram import erasure
from tests.support.erasables import add_profile

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("media_folder"),
]


def test_kept_answers_that_name_the_profile_are_removed(account: Account) -> None:
    user = add_profile()
    bodies = [
        f'{{"uuid": "{user.pk}"}}', f'{{"username":"{user.username}"}}', '{"username":"another"}',
    ]  # fmt: skip
    for number, body in enumerate(bodies):
        IdempotencyKey.objects.create(
            account=account, key=str(number), request_digest="", status=201, body=body
        )

    erasure.erase(user, by=None, reason="request 17")

    assert [*IdempotencyKey.objects.values_list("key", flat=True)] == ["2"]
