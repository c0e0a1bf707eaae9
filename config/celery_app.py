"""The Celery application: `celery -A config.celery_app worker`."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
# `./dev check` runs Django's checks. Here they would load all views into every worker.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")

app = Celery("instarchiver")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["consumer"].add("core.heartbeats:Heartbeat")
