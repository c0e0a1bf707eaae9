"""Tests: real PostgreSQL and Redis from the environment, and fast password hashes."""

import os

from config.settings.local import *
from core import logging

SECRET_KEY = "test-only-key-that-is-long-enough-for-hs256"  # noqa: S105  not a secret
WHITENOISE_AUTOREFRESH = True  # otherwise every test client scans all static files
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Each process of a parallel run uses two of the server's 16 databases
_place = 2 * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 8)
CELERY_BROKER_URL = redis_database(_place)
CACHES = {**CACHES, "default": {**CACHES["default"], "LOCATION": redis_database(_place + 1)}}

FEATURES = [*FEATURES, "tests.support.toy_feature"]
INSTALLED_APPS = [*INSTALLED_APPS, "tests.support.toy_feature"]

VIEW_WRITE_INTERVAL = 0.0  # nothing is written behind the back of a test
LOGGING = logging.configuration(json=False, security_folder=None)
