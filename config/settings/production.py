"""Production: refuses to start with values that are only safe for local runs."""

import os

from django.core.exceptions import ImproperlyConfigured

from config.env import env
from config.settings.base import *

DEBUG = False
SHORTEST_SECRET_KEY = 32  # bytes, the minimum of RFC 7518 for HS256, which signs the tokens

if env.media_trusted_hosts:
    raise ImproperlyConfigured("MEDIA_TRUSTED_HOSTS is for local runs only; unset it.")
if "FIREBASE_AUTH_EMULATOR_HOST" in os.environ:
    raise ImproperlyConfigured(
        "FIREBASE_AUTH_EMULATOR_HOST makes forged sign-in tokens of Google valid; unset it."
    )
REQUIRED = {
    "DJANGO_SECRET_KEY": env.secret_key,
    "FIELD_ENCRYPTION_KEYS": env.encryption_keys,
    "DJANGO_ALLOWED_HOSTS": env.allowed_hosts,
}
if missing := [name for name, value in REQUIRED.items() if not value]:
    raise ImproperlyConfigured(f"Set {', '.join(missing)}; docs/operations.md says how.")
if len(env.secret_key.encode()) < SHORTEST_SECRET_KEY:
    raise ImproperlyConfigured(
        f"DJANGO_SECRET_KEY has fewer than {SHORTEST_SECRET_KEY} bytes, so it could be guessed. "
        "Make one: openssl rand -base64 48"
    )
if "*" in env.allowed_hosts:
    raise ImproperlyConfigured("DJANGO_ALLOWED_HOSTS must name hosts, not *.")

STATIC_ROOT = BASE_DIR / "staticfiles"  # other environments collect nothing

SECURE_SSL_REDIRECT = True
SECURE_REDIRECT_EXEMPT = [r"^health/$"]
SECURE_HSTS_SECONDS = 60 * 60 * 24 * 365
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
# The owner of a domain decides about the preload list of the browsers, for all of its hosts.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
