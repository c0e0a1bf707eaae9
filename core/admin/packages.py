"""The tables of third-party packages, in the theme of the other pages."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth import admin as auth_admin
from django.contrib.auth.models import Group
from django_celery_beat import admin as beat_admin
from django_celery_beat import models as beat
from rest_framework_simplejwt.token_blacklist import admin as token_admin
from rest_framework_simplejwt.token_blacklist import models as tokens
from unfold.admin import ModelAdmin, TabularInline

from core.users.models import RoleLimit

# Importing their admin modules registers them with Django's theme, so they are registered again.
# Solar and clocked schedules are not used, and a blacklisted token adds nothing to the outstanding
# one.
OURS = {
    beat.PeriodicTask: beat_admin.PeriodicTaskAdmin,
    beat.IntervalSchedule: beat_admin.IntervalScheduleAdmin,
    beat.CrontabSchedule: beat_admin.CrontabScheduleAdmin,
}
UNUSED = (beat.ClockedSchedule, beat.SolarSchedule, tokens.BlacklistedToken)

admin.site.unregister([Group, tokens.OutstandingToken, *OURS, *UNUSED])
for model, their_admin in OURS.items():
    admin.site.register(model, type(their_admin.__name__, (their_admin, ModelAdmin), {}))


@admin.register(tokens.OutstandingToken)
class OutstandingTokenAdmin(token_admin.OutstandingTokenAdmin, ModelAdmin):
    """Who has a session, without the token that continues it."""

    fields = ("jti", "user", "created_at", "expires_at")


class RoleLimitInline(TabularInline):
    model = RoleLimit
    extra = 1
    max_num = 1


@admin.register(Group)
class RoleAdmin(auth_admin.GroupAdmin, ModelAdmin):
    """A role: its permissions, and the limits of its accounts."""

    inlines = (RoleLimitInline,)
