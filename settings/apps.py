from django.apps import AppConfig


class SettingsConfig(AppConfig):
    """What staff can change at run time."""

    name = "settings"
    label = "settings"
    verbose_name = "Settings"
