"""The second factor: a code of an authenticator app (RFC 6238), or a recovery code.

begin ──▶ confirm, with a first code ──▶ every sign-in asks for a code ──▶ remove
"""

from __future__ import annotations

import re
import secrets
import time

import pyotp
import structlog
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from rest_framework.exceptions import AuthenticationFailed

from authentication.admission import admitted
from authentication.models import RecoveryCode, SecondFactor
from core.users.models import Account

log = structlog.get_logger("security")

STEP = 30
"""Seconds that a code is shown."""
DRIFT = 1
"""Codes of so many steps before and after the present one are valid, for clocks that are wrong."""
RECOVERY_CODES = 10
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that looks like another letter

WAITING = "waits_for_code"
"""In the session of a browser: who has entered the right password, and when."""
WITH_CODE = "second_factor"
"""In a session that began with a code."""
MAX_WAIT = 300
"""Seconds between the password and the code."""


class CodeRequired(AuthenticationFailed):
    """The password was right. The account also needs a code."""

    default_detail = "Enter the code of your authenticator app, or a recovery code."
    default_code = "code_required"


class TooManyCodes(AuthenticationFailed):
    """Too many wrong codes came with the right password, from any number of addresses."""

    default_detail = "Too many wrong codes. Try again in a quarter of an hour."
    default_code = "too_many_codes"


class WrongCode(AuthenticationFailed):
    """The code is wrong, expired or used."""

    default_detail = "Wrong code."
    default_code = "wrong_code"


def is_on(account: Account) -> bool:
    """Whether sign-in asks for a code. 1 statement."""
    return SecondFactor.objects.filter(account=account, confirmed_at__isnull=False).exists()


def begin(account: Account) -> str:
    """Make a secret, or return the one that waits for its first code.

    Returns the `otpauth:` address that the app reads. Raises WrongCode if a factor is on already.
    """
    factor, _ = SecondFactor.objects.get_or_create(
        account=account, defaults={"secret": pyotp.random_base32()}
    )
    if factor.confirmed_at is not None:
        raise WrongCode("The account has a second factor already.")
    app = pyotp.TOTP(factor.secret.reveal(), interval=STEP)
    return str(app.provisioning_uri(name=account.email, issuer_name="Instarchiver"))


@transaction.atomic
def confirm(account: Account, code: str) -> list[str]:
    """Turn the factor on with a first code. Returns the recovery codes. Raises WrongCode."""
    factor = _locked(account)
    if factor is None or factor.confirmed_at is not None or not _takes(factor, code):
        raise WrongCode
    factor.confirmed_at = timezone.now()
    factor.save(update_fields=["confirmed_at"])
    log.warning("second_factor.on", account=account.pk)
    return _recovery_codes(account)


def check(account: Account, code: str) -> bool:
    """Check the code of a sign-in. Each code is good for one use.

    Returns False if the account has no second factor: then the code proves nothing. Raises
    CodeRequired without a code, TooManyCodes while it is blocked, and WrongCode.
    """
    factor = SecondFactor.objects.filter(account=account, confirmed_at__isnull=False).first()
    if factor is None:
        return False
    if not code.strip():
        raise CodeRequired
    if factor.is_blocked:
        raise TooManyCodes
    if not _use(account, code):
        raise WrongCode
    return True


@transaction.atomic
def _use(account: Account, code: str) -> bool:
    # The lock serialises the uses of one code. What it wrote must stay, so nothing raises in here.
    factor = _locked(account)
    if factor is None or factor.is_blocked:
        return False
    is_right = _takes(factor, code) or _use_recovery_code(account, code)
    factor.count(is_right=is_right)
    return is_right


def _use_recovery_code(account: Account, code: str) -> bool:
    used, _ = RecoveryCode.objects.filter(account=account, digest=_digest(code)).delete()
    if used:
        log.warning("recovery_code.used", account=account.pk)
    return bool(used)


def recovery_codes_left(account: Account) -> int:
    """How many recovery codes are not used yet."""
    return RecoveryCode.objects.filter(account=account).count()


@transaction.atomic
def renew_recovery_codes(account: Account) -> list[str]:
    """Replace the recovery codes. Returns the new ones, which are shown once."""
    log.warning("recovery_codes.renewed", account=account.pk)
    return _recovery_codes(account)


@transaction.atomic
def remove(account: Account) -> None:
    """Turn the factor off. Sign-in asks for the password only."""
    SecondFactor.objects.filter(account=account).delete()
    RecoveryCode.objects.filter(account=account).delete()
    log.warning("second_factor.off", account=account.pk)


def wait_for_code(request: HttpRequest, account: Account) -> None:
    """Remember in a cookie session that the password was right."""
    request.session[WAITING] = [account.pk, account.get_session_auth_hash(), time.time()]


def waiting(request: HttpRequest) -> Account | None:
    """Whose password this browser has entered lately, if it is still the same one."""
    pk, state, since = request.session.get(WAITING, [None, "", 0])
    if time.time() - since > MAX_WAIT:
        return None
    account = admitted().filter(pk=pk).first()
    return account if account and account.get_session_auth_hash() == state else None


def note(request: HttpRequest) -> None:
    """Note in a cookie session that a code was entered."""
    request.session.pop(WAITING, None)
    request.session[WITH_CODE] = True


def was_used(request: HttpRequest) -> bool:
    """Whether the cookie session began with a code."""
    return bool(request.session.get(WITH_CODE))


def _locked(account: Account) -> SecondFactor | None:
    return SecondFactor.objects.select_for_update().filter(account=account).first()


def _takes(factor: SecondFactor, code: str) -> bool:
    """Whether the app shows this code about now, and no earlier sign-in has used it."""
    app = pyotp.TOTP(factor.secret.reveal(), interval=STEP)
    digits = re.sub(r"\s", "", code)
    now = int(time.time()) // STEP
    for step in range(now - DRIFT, now + DRIFT + 1):
        if step > factor.last_step and constant_time_compare(app.generate_otp(step), digits):
            factor.last_step = step
            factor.save(update_fields=["last_step"])
            return True
    return False


def _recovery_codes(account: Account) -> list[str]:
    RecoveryCode.objects.filter(account=account).delete()
    texts = ("".join(map(secrets.choice, [ALPHABET] * 12)) for _ in range(RECOVERY_CODES))
    codes = [f"{text[:6]}-{text[6:]}" for text in texts]
    RecoveryCode.objects.bulk_create(
        RecoveryCode(account=account, digest=_digest(code)) for code in codes
    )
    return codes


def _digest(code: str) -> str:
    plain = re.sub(r"[\s-]", "", code).lower()
    return salted_hmac("authentication.recovery_code", plain, algorithm="sha256").hexdigest()
