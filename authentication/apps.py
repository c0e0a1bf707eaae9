from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class AuthenticationConfig(AppConfig):
    """Sign-in: tokens for clients, and limits on password attempts."""

    name = "authentication"
    label = "authentication"
    default = True

    def ready(self) -> None:
        """Declare the permissions of the scopes."""
        from core import scopes  # noqa: PLC0415  not before the models are loaded

        scopes.declare()


class AdminConfig(SimpleAdminConfig):
    """Replaces the site of Django's admin."""

    default_site = "authentication.staff.StaffSite"
