"""Authentication by the access token in the Authorization header, and its OpenAPI description."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.tokens import Token


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

    def authenticate_header(self, _request: Request) -> str:
        return "Bearer"


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """`Authorization: Bearer <access token>` in OpenAPI."""

    target_class = AccessTokenAuthentication
    name = "accessToken"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, Any]:
        return build_bearer_security_scheme_object(
            header_name="Authorization",
            token_prefix="Bearer",  # noqa: S106  no password
            bearer_format="JWT",
        )
