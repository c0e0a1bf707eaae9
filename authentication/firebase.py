"""Sign-in tokens of Google, checked by `firebase_admin`.

The library is imported at the first use, because it takes half a second and 50 MB. Its app is built
from the service account that is set now: a change in the admin applies to the next token, in every
process.
"""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.users.addresses import normalised
from settings import current, service_accounts
from settings.current import FirebaseConfig
from settings.probes import ProbeFailed

if TYPE_CHECKING:
    from firebase_admin import App

SECONDS = 10
"""How long Google may take for one answer."""
TIME_BETWEEN_FETCHES = 60.0
"""Seconds. A token with an unknown key fetches Google's certificates again, at most this often."""
CLOCK_SKEW = 10


class FirebaseError(Exception):
    """Google could not be asked. The message is for staff, and quotes no secret."""


class NotSetUp(FirebaseError):
    """No service account is set, or it cannot be decrypted."""


class GoogleUnavailable(FirebaseError):
    """Google did not answer, or refused the service account. The token may be good."""


class InvalidToken(Exception):
    """The token is wrong, expired or revoked, or its user is disabled or deleted."""


@dataclass(frozen=True, slots=True)
class GoogleUser:
    """The user of a valid token. Name and photo are what the user wrote at Google."""

    project: str
    uid: str
    email: str
    email_verified: bool
    name: str
    photo_url: str


@dataclass(frozen=True, slots=True)
class _KnownApp:
    """The app of one service account, and when it was built, on the monotonic clock."""

    app: App
    fingerprint: str
    built_at: float
    before: App | None


_lock = threading.Lock()
_known: _KnownApp | None = None


def user_of(token: str) -> GoogleUser:
    """The user of an ID token. Raises InvalidToken, NotSetUp or GoogleUnavailable. 1 statement.

    Google is asked whether the token was revoked and the user disabled.
    """
    config = _config()
    known = _app(config)
    try:
        claims = _claims(token, known)
    except InvalidToken:
        # Google may have begun to sign with a new key. A new app has no certificates yet.
        if time.monotonic() - known.built_at < TIME_BETWEEN_FETCHES:
            raise
        claims = _claims(token, _app(config, unlike=known))
    photo = str(claims.get("picture") or "")
    return GoogleUser(
        project=known.app.project_id or "",
        uid=claims["uid"],
        email=normalised(str(claims.get("email") or "")),
        email_verified=claims.get("email_verified") is True,
        name=str(claims.get("name") or "")[:150],
        photo_url=photo if photo.startswith("https://") and len(photo) <= 500 else "",
    )


def probe() -> str:
    """Ask Google for an access token of the service account. Raises ProbeFailed."""
    from firebase_admin import credentials  # noqa: PLC0415  heavy
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415  heavy

    try:
        account = service_accounts.parse(_config().service_account)
        credentials.Certificate(dict(account.facts)).get_access_token()
    except NotSetUp as error:
        raise ProbeFailed(str(error)) from error
    except GoogleAuthError as error:
        raise ProbeFailed(
            f"Google did not accept the service account: {type(error).__name__}."
        ) from error
    return f"Google accepts the service account of the project {account.project}."


def _config() -> FirebaseConfig:
    config = current.firebase()
    if not config.service_account:
        raise NotSetUp(config.problem or "No service account is set.")
    return config


def _app(config: FirebaseConfig, *, unlike: _KnownApp | None = None) -> _KnownApp:
    """The app of this service account, built if there is none other than `unlike`."""
    global _known  # noqa: PLW0603  one app per process
    with _lock:
        if _known is None or _known.fingerprint != config.fingerprint or _known is unlike:
            _known = _built(config, before=_known)
        return _known


def _built(config: FirebaseConfig, *, before: _KnownApp | None) -> _KnownApp:
    import firebase_admin  # noqa: PLC0415  heavy
    from firebase_admin import credentials  # noqa: PLC0415  heavy

    account = service_accounts.parse(config.service_account)
    app = firebase_admin.initialize_app(
        credentials.Certificate(dict(account.facts)),
        {"projectId": account.project, "httpTimeout": SECONDS},
        name=uuid.uuid4().hex,
    )
    # The library keeps each app until it is deleted. Threads may still use the one before this.
    if before is not None and before.before is not None:
        firebase_admin.delete_app(before.before)
    return _KnownApp(app, config.fingerprint, time.monotonic(), before.app if before else None)


def _claims(token: str, known: _KnownApp) -> dict[str, Any]:
    from firebase_admin import auth, exceptions  # noqa: PLC0415  heavy
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415  heavy

    try:
        return dict(
            auth.verify_id_token(
                token, app=known.app, check_revoked=True, clock_skew_seconds=CLOCK_SKEW
            )
        )
    except (auth.InvalidIdTokenError, auth.UserDisabledError, auth.UserNotFoundError, ValueError):
        raise InvalidToken from None  # the errors quote parts of the token
    except (exceptions.FirebaseError, GoogleAuthError) as error:
        raise GoogleUnavailable(f"Google did not answer: {type(error).__name__}.") from error
