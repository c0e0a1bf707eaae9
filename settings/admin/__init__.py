"""Admin pages of the settings. Secrets are write-only, and each change is recorded."""

from settings.admin import archiving, changes, people, providers

__all__ = ["archiving", "changes", "people", "providers"]
