"""The bearer token in OpenAPI; drf-spectacular knows the scheme once this is imported."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.plumbing import build_bearer_security_scheme_object


class AccessTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # registers itself
    """`Authorization: Bearer <access token>`."""

    target_class = "authentication.authenticators.AccessTokenAuthentication"
    name = "accessToken"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, Any]:
        """An HTTP bearer scheme."""
        return build_bearer_security_scheme_object(
            header_name="Authorization",
            token_prefix="Bearer",  # noqa: S106  no password
            bearer_format="JWT",
        )
