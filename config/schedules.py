"""All periodic tasks, and the queue of each task.

`core/schedules.py` writes SCHEDULES into django-celery-beat at each `migrate` and keeps what staff
changed there (interval, on or off).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScheduledTask:
    """One periodic task: its registered name, and its interval in seconds."""

    task: str
    seconds: int


SCHEDULES = (
    ScheduledTask("instagram.dispatch", 15),
    ScheduledTask("instagram.sweep_runs", 15),
    ScheduledTask("instagram.sweep_downloads", 15),
    ScheduledTask("storage.sweep_enrichment", 15),
    ScheduledTask("core.deliver_events", 15),
    ScheduledTask("instagram.finish_erasures", 60),
    ScheduledTask("instagram.end_impossible_waits", 60),
    ScheduledTask("instagram.merge_tallies", 900),
    ScheduledTask("instagram.delete_expired_runs", 3600),
    ScheduledTask("storage.verify_due", 300),
    ScheduledTask("storage.prune_quarantine", 86400),
    ScheduledTask("storage.find_orphans", 86400),
    ScheduledTask("api_logs.close_abandoned", 300),
    ScheduledTask("api_logs.delete_expired", 3600),
    ScheduledTask("authentication.send_mails", 60),
    ScheduledTask("authentication.flush_expired_tokens", 86400),
)

SCHEDULE_ORIGIN = "config/schedules.py"  # marks our rows, which `sync` may delete

QUEUES = ("stories", "default", "archive", "downloads", "files")
"""Each queue needs a worker; `/health/` reports queues without one."""

CELERY_TASK_ROUTES = {
    "instagram.archive_run": {"queue": "archive"},  # scheduled stories use `starting.queue_for`
    "instagram.download_assets": {"queue": "downloads"},
    "instagram.renew_urls": {"queue": "default"},  # stories only have a day
    "instagram.sweep_downloads": {"queue": "downloads"},
    "storage.enrich": {"queue": "files"},
    "storage.sweep_enrichment": {"queue": "files"},
    "storage.verify_due": {"queue": "files"},
    "storage.prune_quarantine": {"queue": "files"},
    "storage.find_orphans": {"queue": "files"},
}
