"""Local runs: `./dev demo`, `./dev serve`, `./dev manage`. Bound to the loopback address."""

from config.env import env
from config.settings.base import *
from core import logging

DEBUG = False
IS_LOCAL = True
SECRET_KEY = env.secret_key or "local-only-and-never-for-production"
FIELD_ENCRYPTION_KEYS = env.encryption_keys or ("bG9jYWwtb25seS1uZXZlci1mb3ItcHJvZHVjdGlvbiE=",)
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "[::1]", *env.allowed_hosts]
CORS_ALLOW_ALL_ORIGINS = not env.cors_origins
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
LOGGING = logging.configuration(
    json=env.json_logs, security_folder=env.security_log or DATA_DIR / "logs"
)
