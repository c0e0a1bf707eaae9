"""Who changed which setting when."""

from __future__ import annotations

from django.contrib import admin

from core.admin.bases import ReadOnlyAdmin
from settings.models import SettingChange


@admin.register(SettingChange)
class SettingChangeAdmin(ReadOnlyAdmin):
    list_display = ("changed_at", "setting", "field", "before", "after", "changed_by")
    fields = list_display
    search_fields = ("setting", "field")
    list_select_related = ("changed_by",)
