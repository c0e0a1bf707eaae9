"""Celery tasks of the archive, imported here so that workers register all of them."""

from instagram.tasks.clocks import end_impossible_waits
from instagram.tasks.downloads import download_assets, renew_urls, sweep_downloads
from instagram.tasks.erasure import finish_erasures
from instagram.tasks.retention import delete_expired_runs
from instagram.tasks.runs import archive_run, sweep_runs
from instagram.tasks.schedule import dispatch
from instagram.tasks.tallies import merge_tallies

__all__ = [
    "archive_run",
    "delete_expired_runs",
    "dispatch",
    "download_assets",
    "end_impossible_waits",
    "finish_erasures",
    "merge_tallies",
    "renew_urls",
    "sweep_downloads",
    "sweep_runs",
]
