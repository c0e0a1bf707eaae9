"""The page of how the archive works."""

from __future__ import annotations

from django.contrib import admin
from solo.admin import SingletonModelAdmin

from settings.admin.bases import RecordedAdmin
from settings.models import ArchivingSetting


@admin.register(ArchivingSetting)
class ArchivingSettingAdmin(SingletonModelAdmin, RecordedAdmin):
    """Limits of downloads and of the API log."""
