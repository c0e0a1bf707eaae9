from django.apps import AppConfig


class StorageConfig(AppConfig):
    """The files that are wanted, and the files that are stored."""

    name = "storage"
    label = "storage"
    verbose_name = "Files"
