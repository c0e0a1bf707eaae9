from django.apps import AppConfig


class ApiLogsConfig(AppConfig):
    """One row for every HTTP attempt to the Core API."""

    name = "api_logs"
    label = "api_logs"
    verbose_name = "Core API"
