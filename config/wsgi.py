"""The entry point for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")
# Only web processes use a connection pool; see `database` in config/settings/base.py.
os.environ.setdefault("DATABASE_POOL_SIZE", "10")
# A request that sends a message must not block the thread that `/health/` needs.
os.environ.setdefault("BROKER_TIMEOUT", "2")

application = get_wsgi_application()
