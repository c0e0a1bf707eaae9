"""The account of a Core API's token, for the test in the admin."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.utils import core_api
from core.utils.errors import CoreAPIError
from settings.current import CoreAPIConfig
from settings.probes import ProbeFailed


def describe(config: CoreAPIConfig) -> str:
    """Ask a Core API for the account of the token. Raises ProbeFailed."""
    try:
        found = core_api.account_of(config)
    except CoreAPIError as error:
        raise ProbeFailed(f"The Core API did not accept the test: {error}") from error
    key, user = _object(found, "api_key_data"), _object(found, "user_data")
    facts = {
        "key": key.get("api_key_name"),
        "balance": _dollars(user.get("balance")),
        "free credit": _dollars(user.get("free_credit")),
        "key expires": key.get("expires_at") or "never",
        "scopes": ", ".join(map(str, key.get("api_key_scopes") or ())) or None,
    }
    shown = "; ".join(f"{name} {value}" for name, value in facts.items() if value is not None)
    return f"The Core API accepts the token: {shown}."


def _object(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def _dollars(value: object) -> str | None:
    return f"${value}" if isinstance(value, int | float) else None
