"""The admin's theme and sidebar."""

from typing import Any

from django.urls import reverse_lazy


def item(title: str, icon: str, model: str) -> dict[str, Any]:
    """A sidebar link to the list of a model, for users who may view it."""
    app, _, name = model.partition(".")
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{name}_changelist"),
        "permission": lambda request: request.user.has_perm(f"{app}.view_{name}"),
    }


UNFOLD = {
    "SITE_TITLE": "Instarchiver",
    "SITE_HEADER": "Instarchiver",
    "SITE_SUBHEADER": "What was shown, kept",
    "SITE_SYMBOL": "inventory_2",
    "ENVIRONMENT": "api_logs.admin.open_alarms",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SIDEBAR": {
        "show_search": True,
        "navigation": [
            {
                "title": "Archive",
                "items": [
                    item("Profiles", "account_circle", "instagram.user"),
                    item("Posts", "grid_on", "instagram.post"),
                    item("Stories", "history_toggle_off", "instagram.story"),
                    item("Highlights", "stars", "instagram.highlight"),
                    item("Changes", "difference", "instagram.changeevent"),
                    item("Runs", "sync", "instagram.archiverun"),
                    item("Schedule", "event_repeat", "instagram.streampoll"),
                    item("Legal holds", "gavel", "instagram.legalhold"),
                    item("Tombstones", "delete_forever", "instagram.tombstone"),
                ],
            },
            {
                "title": "Files",
                "items": [
                    item("Downloads", "download", "storage.asset"),
                    item("Stored files", "folder", "storage.storedfile"),
                    item("Damage and loss", "broken_image", "storage.fixityevent"),
                    item("Quarantine", "coronavirus", "storage.quarantined"),
                ],
            },
            {
                "title": "Core API",
                "items": [
                    item("Call log", "receipt_long", "api_logs.apirequestlog"),
                    item("Alarms", "warning", "api_logs.alarm"),
                    item("Spending", "payments", "api_logs.spending"),
                    item("Providers", "dns", "api_logs.providerstate"),
                    item("Unreadable items", "help", "instagram.rejecteditem"),
                ],
            },
            {
                "title": "Settings",
                "items": [
                    item("Core API", "api", "settings.coreapisetting"),
                    item("Fallback Core APIs", "alt_route", "settings.fallbackcoreapi"),
                    item("Archiving", "tune", "settings.archivingsetting"),
                    item("Access", "lock", "settings.accesssetting"),
                    item("Google sign-in", "login", "settings.firebaseadminsetting"),
                    item("Mail", "mail", "settings.mailsetting"),
                    item("OpenAI", "neurology", "settings.openaisetting"),
                    item("Feature flags", "flag", "core.featureflag"),
                    item("Changes of settings", "history", "settings.settingchange"),
                    item("Schedules", "schedule", "django_celery_beat.periodictask"),
                    item("Workers", "monitor_heart", "core.workerheartbeat"),
                ],
            },
            {
                "title": "People",
                "items": [
                    item("Accounts", "person", "users.account"),
                    item("Roles", "group", "auth.group"),
                    item("Invitations", "outgoing_mail", "authentication.invitation"),
                    item("Google identities", "badge", "authentication.googleidentity"),
                    item("Second factors", "phonelink_lock", "authentication.secondfactor"),
                    item("Bans", "block", "authentication.ban"),
                    item("API keys", "key", "authentication.apikey"),
                    item("Sessions of clients", "devices", "token_blacklist.outstandingtoken"),
                ],
            },
        ],
    },
}
