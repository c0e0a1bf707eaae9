from django.apps import AppConfig


class AuthenticationConfig(AppConfig):
    """Signing in: tokens for clients."""

    name = "authentication"
    label = "authentication"

    def ready(self) -> None:
        """Register the OpenAPI extension, which happens on import."""
        from authentication import openapi  # noqa: F401, PLC0415  needs loaded apps
