from django.apps import AppConfig


class AuthenticationConfig(AppConfig):
    """Signing in: tokens for clients."""

    name = "authentication"
    label = "authentication"
