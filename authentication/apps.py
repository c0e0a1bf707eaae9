from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class AuthenticationConfig(AppConfig):
    """Sign-in: tokens for clients, and limits on password attempts."""

    name = "authentication"
    label = "authentication"
    default = True

    def ready(self) -> None:
        """Declare the permissions of the scopes, and the probe of Google's sign-in."""
        from authentication import firebase  # noqa: PLC0415  not before the models are loaded
        from core import scopes  # noqa: PLC0415  the same
        from settings import probes  # noqa: PLC0415  the same

        scopes.declare()
        probes.registry.register("firebase", firebase.probe)


class AdminConfig(SimpleAdminConfig):
    """Replaces the site of Django's admin."""

    default_site = "authentication.staff.StaffSite"
