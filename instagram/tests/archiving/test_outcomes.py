"""What each error of the Core API means for a stream and its run."""

from __future__ import annotations

import pytest

from core.utils import errors
from instagram.archiving.outcomes import StreamOutcome, outcome_of


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.RateLimited("slow down"), StreamOutcome.RETRY_LATER),
        (errors.BudgetExhausted("cap", retry_after=1), StreamOutcome.POSTPONE_RUN),
        (errors.PrivateProfile("private"), StreamOutcome.SKIP_STREAM),
        (errors.NoCredit("no balance"), StreamOutcome.FAIL_RUN),
        (errors.Forbidden("scope"), StreamOutcome.FAIL_STREAM),
        (errors.ItemsUnreadable("2 items"), StreamOutcome.FAIL_STREAM),
        (errors.Erased("erased", digest="d"), StreamOutcome.REFUSE_ERASED),
        (errors.NoSuchProfile("unknown"), StreamOutcome.DOUBT_PROFILE),
    ],
)
def test_an_error_of_the_posts_has_its_outcome(
    error: errors.CoreAPIError, expected: StreamOutcome
) -> None:
    assert outcome_of(error, "posts") == expected


def test_only_an_answer_about_the_profile_itself_counts_as_a_miss() -> None:
    error = errors.NoSuchProfile("unknown")

    assert outcome_of(error, "profile") == StreamOutcome.COUNT_MISS
