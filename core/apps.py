from django.apps import AppConfig


class CoreConfig(AppConfig):
    """What every room may use: errors, logging, base models, the shared API parts."""

    name = "core"
    label = "core"
    verbose_name = "Operation"
