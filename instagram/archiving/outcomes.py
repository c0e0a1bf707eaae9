"""How a stream can end, and what each error means for it and for the rest of its run.

error                                    the stream      the rest of the run
───────────────────────────────────────  ──────────────  ────────────────────────────────────
none                                     succeeded       goes on
items that could not be read             failed          goes on
PrivateProfile                           skipped         goes on
NoSuchProfile, asked for the profile     failed          fails; the profile is missed once more
NoSuchProfile, asked for another stream  failed          goes on; the profile is asked again soon
NotConfigured, Unauthorized, NoCredit    failed          fails: no call can succeed
Erased                                   the run is deleted with everything of the profile
Transient                                is put off with the run, and fails after MAX_ATTEMPTS
NotAllowedNow                            is put off with the run, and no attempt is counted
every other CoreAPIError                 failed          goes on

Pure.
"""

from __future__ import annotations

from enum import Enum, auto

from core.utils.errors import (
    CoreAPIError,
    Erased,
    NoCredit,
    NoSuchProfile,
    NotAllowedNow,
    NotConfigured,
    PrivateProfile,
    Transient,
    Unauthorized,
)
from instagram.models import RunStream


class StreamOutcome(Enum):
    FAIL_STREAM = auto()
    FAIL_RUN = auto()
    SKIP_STREAM = auto()
    RETRY_LATER = auto()
    POSTPONE_RUN = auto()
    COUNT_MISS = auto()
    DOUBT_PROFILE = auto()
    REFUSE_ERASED = auto()


NO_CALL_CAN_SUCCEED = (NotConfigured, Unauthorized, NoCredit)
# The first matching class decides, so subclasses stand before CoreAPIError.
OUTCOMES: tuple[tuple[type[CoreAPIError], StreamOutcome], ...] = (
    (Transient, StreamOutcome.RETRY_LATER),
    (NotAllowedNow, StreamOutcome.POSTPONE_RUN),
    (PrivateProfile, StreamOutcome.SKIP_STREAM),
    (Erased, StreamOutcome.REFUSE_ERASED),
    *((kind, StreamOutcome.FAIL_RUN) for kind in NO_CALL_CAN_SUCCEED),
    (CoreAPIError, StreamOutcome.FAIL_STREAM),
)


def outcome_of(error: CoreAPIError, stream: str) -> StreamOutcome:
    if isinstance(error, NoSuchProfile):
        # Only the profile's own endpoint is trusted to say that the profile is gone.
        is_profile = stream == RunStream.Name.PROFILE
        return StreamOutcome.COUNT_MISS if is_profile else StreamOutcome.DOUBT_PROFILE
    return next(outcome for kind, outcome in OUTCOMES if isinstance(error, kind))
