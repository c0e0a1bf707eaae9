from django.apps import AppConfig
from django.contrib.admin.apps import SimpleAdminConfig


class AuthenticationConfig(AppConfig):
    """Sign-in: tokens for clients, and limits on password attempts."""

    name = "authentication"
    label = "authentication"
    default = True


class AdminConfig(SimpleAdminConfig):
    """Replaces the site of Django's admin."""

    default_site = "authentication.staff.StaffSite"
