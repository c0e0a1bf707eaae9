from django.apps import AppConfig


class StorageConfig(AppConfig):
    """Files that we want, and files that we have."""

    name = "storage"
    label = "storage"
    verbose_name = "Files"
