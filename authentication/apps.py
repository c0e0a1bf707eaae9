from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class AuthenticationConfig(AppConfig):
    """Signing in: tokens for clients, and limits on guesses at passwords."""

    name = "authentication"
    label = "authentication"
    default = True


class AdminConfig(SimpleAdminConfig):
    """Django's admin with our own site."""

    default_site = "authentication.staff.StaffSite"
