from django.apps import AppConfig


class SettingsConfig(AppConfig):
    """Settings that staff can change at run time."""

    name = "settings"
    label = "settings"
    verbose_name = "Settings"
