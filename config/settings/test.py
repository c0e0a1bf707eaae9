"""Tests: real PostgreSQL and Redis from the environment, and cheap password hashes."""

from config.settings.local import *

SECRET_KEY = "test-only-key-that-is-long-enough-for-hs256"  # noqa: S105  not a secret
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
