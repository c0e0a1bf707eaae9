"""Service accounts of Google, as their JSON files describe them. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105  no secret
REQUIRED = ("project_id", "client_email", "private_key", "token_uri")
KIND = "service_account"


class InvalidServiceAccount(ValueError):
    """The text is not a service account. The message says what is wrong, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account whose private key loads."""

    project: str
    email: str
    facts: Mapping[str, Any] = field(repr=False)


def parse(text: str) -> ServiceAccount:
    """Parse the JSON of a service account. Raises InvalidServiceAccount."""
    facts = _object(text)
    if facts.get("type") != KIND:
        raise InvalidServiceAccount(f'This is not a service account: "type" is not "{KIND}".')
    texts = {name for name, value in facts.items() if isinstance(value, str) and value.strip()}
    missing = [name for name in REQUIRED if name not in texts]
    if missing:
        raise InvalidServiceAccount(f"Missing: {', '.join(missing)}.")
    if facts["token_uri"] != TOKEN_URI:
        # A request with a signed assertion goes there, from inside of the operator's network.
        raise InvalidServiceAccount(f'"token_uri" must be {TOKEN_URI}.')
    _check_key(facts["private_key"])
    return ServiceAccount(facts["project_id"], facts["client_email"], facts)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):  # the error would quote the text, and with it the key
        raise InvalidServiceAccount("This is not JSON. Paste the whole file.") from None
    if not isinstance(found, dict):
        raise InvalidServiceAccount("This is not a JSON object. Paste the whole file.")
    return found


def _check_key(pem: str) -> None:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise InvalidServiceAccount("The private key does not load.") from None
    if not isinstance(key, RSAPrivateKey):
        raise InvalidServiceAccount("The private key is not an RSA key.")
