"""Settings that staff can change at run time. Only `settings/current.py` reads these rows."""

from settings.models.archiving import ArchivingSetting, StoryPace
from settings.models.changes import SettingChange
from settings.models.people import AccessSetting, MailSecurity, MailSetting, Registration
from settings.models.providers import (
    CoreAPISetting,
    FallbackCoreAPI,
    FirebaseAdminSetting,
    OpenAISetting,
)

__all__ = [
    "AccessSetting",
    "ArchivingSetting",
    "CoreAPISetting",
    "FallbackCoreAPI",
    "FirebaseAdminSetting",
    "MailSecurity",
    "MailSetting",
    "OpenAISetting",
    "Registration",
    "SettingChange",
    "StoryPace",
]
