from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig
from django.db.models.signals import pre_save


class AuthenticationConfig(AppConfig):
    """Sign-in: tokens for clients, and limits on password attempts."""

    name = "authentication"
    label = "authentication"
    default = True

    def ready(self) -> None:
        """Declare permissions of scopes and the probe of Google's sign-in, and keep no tokens."""
        from authentication import firebase, tokens  # noqa: PLC0415  not before the models are loaded
        from core import scopes  # noqa: PLC0415  the same
        from settings import probes  # noqa: PLC0415  the same

        scopes.declare()
        probes.registry.register("firebase", firebase.probe)
        pre_save.connect(tokens.keep_no_text, sender="token_blacklist.OutstandingToken")


class AdminConfig(SimpleAdminConfig):
    """Replaces the site of Django's admin."""

    default_site = "authentication.staff.StaffSite"
