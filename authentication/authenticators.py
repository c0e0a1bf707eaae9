"""Authentication by the Authorization header, and its OpenAPI description.

`Bearer <API key>` and `Token <API key>` are keys, any other `Bearer` is an access token.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token

from authentication import keys, tokens
from authentication.models import ApiKey
from core.users.models import Account


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <API key>` or `Token <API key>`."""

    def authenticate(self, request: Request) -> tuple[Account, ApiKey] | None:
        """Return the account and the key; None if the header has no key.

        Raises AuthenticationFailed if the key is unknown, revoked or expired.
        """
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        is_key = scheme.lower() == "token" or text.startswith(keys.MARK)
        if not is_key:
            return None
        key = keys.find(text.strip())
        if key is None:
            raise AuthenticationFailed("This API key is not valid.")
        return key.account, key

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class AccessTokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer <access token>`.

    For every invalid token the answer carries `token_not_valid`. Clients then refresh once, and the
    refresh tells them whether they have to sign in again.
    """

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """Return the account and the token; None without a bearer token. Raises InvalidToken."""
        try:
            return super().authenticate(request)
        except InvalidToken:
            raise
        except AuthenticationFailed as error:
            raise InvalidToken from error

    def get_user(self, validated_token: Token) -> Any:
        """The account of the token. Raises InvalidToken."""
        return tokens.account_of(validated_token)

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """`Authorization: Bearer <API key>` in OpenAPI."""

    target_class: Any = KeyAuthentication
    name = "apiKey"
    bearer_format = "ia_…"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, Any]:
        return build_bearer_security_scheme_object(
            header_name="Authorization",
            token_prefix="Bearer",  # noqa: S106  no password
            bearer_format=self.bearer_format,
        )


class AccessTokenScheme(KeyScheme):  # type: ignore[no-untyped-call]  # registers itself
    """`Authorization: Bearer <access token>` in OpenAPI."""

    target_class = AccessTokenAuthentication
    name = "accessToken"
    bearer_format = "JWT"
