"""Settings, entry points and everything that is registered in one place."""

from config.celery_app import app as celery_app

__all__ = ["celery_app"]
