"""Settings shared by all environments. External values come from `config/env.py` only."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from corsheaders.defaults import default_headers
from psycopg.conninfo import conninfo_to_dict

from config import api_document, schedules
from config.env import env
from config.settings import unfold_admin
from core import logging
from core.db import connections

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = env.data

# What is built on the archive: every folder that is there (features/README.md)
FEATURES = sorted(f"features.{path.parent.name}" for path in BASE_DIR.glob("features/*/apps.py"))

# Applications, low rank first (tests/test_import_ranks.py)
INSTALLED_APPS = [
    "core",
    "core.users",
    "settings",
    "api_logs",
    "storage",
    "instagram",
    "authentication",
    *FEATURES,
    "unfold.apps.BasicAppConfig",  # authentication.apps defines the admin site
    "unfold.contrib.filters",
    "authentication.apps.AdminConfig",  # config.urls loads the pages
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_celery_beat",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "simple_history",
    "solo",
]
MIDDLEWARE = [
    "core.middleware.ConcurrencyMiddleware",
    "core.proxies.TrustedProxiesMiddleware",  # the others trust its result
    "core.middleware.RequestIdMiddleware",
    "core.middleware.RateLimitMiddleware",
    "core.content_security.SecurityHeadersMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Threads of a web process: WEB_THREADS answer requests, EVENT_STREAMS wait for news of runs
WEB_THREADS = env.web_threads
EVENT_STREAMS = env.event_streams
VIEW_WRITE_INTERVAL = 60.0  # seconds between two writes of the views that a process has counted

# Database
CONNECTION_KEYS = {
    "dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT",
}  # fmt: skip


def database(*, pool_size: int) -> dict[str, Any]:
    """Convert DATABASE_URL (any form that libpq accepts) to Django's dictionary.

    Web processes use a pool, which handles 5 times the requests of one connection per request.
    Other processes keep one connection per thread; Django does not allow both at once.
    """
    facts = conninfo_to_dict(env.database_url)
    options: dict[str, Any] = {
        key: value for key, value in facts.items() if key not in CONNECTION_KEYS
    }
    options.setdefault("connect_timeout", 5)  # /health/ must answer while the database does not
    # core.db.selection prepares its statements at once; Django's own cursors never do.
    options["prepare_threshold"] = 0 if env.database_prepares else None
    if pool_size:
        options["pool"] = {
            "min_size": 1,
            "max_size": pool_size,
            "timeout": 2,
            "connection_class": connections.WebConnection,
        }
    return {
        "ENGINE": "django.db.backends.postgresql",
        **{name: str(facts.get(key, "")) for key, name in CONNECTION_KEYS.items()},
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if pool_size else 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {
    "default": database(pool_size=env.database_pool_size),
    # The same database over a second connection, so that the API log survives a rollback.
    "api_log": {**database(pool_size=0), "TEST": {"MIRROR": "default"}},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Time and language
TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en-us"
USE_I18N = False

# Accounts
IS_LOCAL = False  # allows what only a loopback run may have, such as the demo's login
AUTH_USER_MODEL = "users.Account"
AUTHENTICATION_BACKENDS = ["authentication.backends.AdmittedBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
FIELD_ENCRYPTION_KEYS = env.encryption_keys

# Files
STATIC_URL = "/static/"
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = "/media/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_TRUSTED_HOSTS = env.media_trusted_hosts
MEDIA_COPY = env.media_copy
MEDIA_MIN_FREE_BYTES = env.media_min_free
MEDIA_REDIRECT_PREFIX = env.media_redirect_prefix

# Core API: the values that `settings/current.py` uses if the admin's row is empty
CORE_API_URL = env.core_api_url
CORE_API_TOKEN = env.core_api_token

# Cache and broker: two databases of one server, so that flushing the cache keeps the broker


def redis_database(offset: int) -> str:
    """REDIS_URL with its database number (0 without one) increased by `offset`."""
    parts = urlsplit(env.redis_url)
    number = int(parts.path.strip("/") or 0) + offset
    return urlunsplit(parts._replace(path=f"/{number}"))


CACHES = {
    "default": {
        "BACKEND": "core.caches.CountingRedisCache",
        "LOCATION": redis_database(1),
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
    },
    # Counters per process while Redis is unreachable: login attempts
    "process": {
        "BACKEND": "core.caches.CountingProcessCache",
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    },
}

# Celery: every value follows docs/adr/0001-postgresql-is-the-queue-of-record.md
CELERY_BROKER_URL = redis_database(0)
CELERY_BROKER_TRANSPORT = "core.broker:Transport"
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # an outage of any length must not be fatal
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_TASK_SOFT_TIME_LIMIT = 28 * 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # KiB
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 40 * 60,  # above the hard time limit, or a task would run twice
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": env.broker_timeout,
    "socket_connect_timeout": min(5, env.broker_timeout),
    "socket_keepalive": True,
    "health_check_interval": 10,
    "max_retries": 0,  # for requests that send a message; the next sweep finds the work anyway
}
CELERY_TASK_ROUTES = schedules.CELERY_TASK_ROUTES
CELERY_BEAT_SYNC_EVERY = 1  # saves `last_run_at` after each task, for `/health/`
QUEUES = schedules.QUEUES
SCHEDULES = schedules.SCHEDULES
SCHEDULE_ORIGIN = schedules.SCHEDULE_ORIGIN
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = TIME_ZONE

# REST
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "authentication.authenticators.KeyAuthentication",
        "authentication.authenticators.AccessTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",  # pages of our own origin
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.MayRead"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.ShallowJSONParser"],
    "URL_FORMAT_OVERRIDE": None,  # ?format= is only a parameter of /schema/
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS describes nothing; /schema/ does
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "core.api.operations.Operation",
    "DEFAULT_THROTTLE_CLASSES": [
        "core.api.throttles.ClientThrottle",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "anonymous": "3000/min",  # one page view prefetches about 20 details
        "account": "6000/min",
        "key": "6000/min",
        "login": "10/min",
        "login_address": "60/min",
        "archive": "60/min",
    },
    "NUM_PROXIES": 0,  # core.proxies has set REMOTE_ADDR to the client's address
    "EXCEPTION_HANDLER": "core.api.errors.exception_response",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Instarchiver",
    "DESCRIPTION": "A faithful, checkable archive of Instagram content.",
    "TAGS": api_document.TAGS,
    "VERSION": "0.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "COMPONENT_SPLIT_REQUEST": True,
    "PREPROCESSING_HOOKS": ["core.api.schema.without_aliases"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "core.api.schema.with_typed_nulls",
        "core.api.schema.with_errors",
        "config.api_document.described",
    ],
    "ENUM_NAME_OVERRIDES": {
        "HealthState": "core.api.health.STATES",
        "PostVariant": "instagram.models.Post.Variant",
        "RunState": "instagram.models.ArchiveRun.State",
        "StreamName": "instagram.models.RunStream.Name",
        "StreamState": "instagram.models.RunStream.State",
    },
}
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=5),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=30),
    "CHECK_REVOKE_TOKEN": True,  # a password change ends all sessions
}

# E-mail: smtp://, smtp+starttls:// or smtps://user:password@host:port; unset: to the terminal.
# The admin's row replaces these values (settings/current.py).
MAIL = urlsplit(env.email_url)
EMAIL_BACKEND = "settings.mail.ConfiguredBackend"
DEFAULT_FROM_EMAIL = env.email_sender
EMAIL_HOST = MAIL.hostname or ""
EMAIL_PORT = MAIL.port or 25
EMAIL_HOST_USER = unquote(MAIL.username or "")
EMAIL_HOST_PASSWORD = unquote(MAIL.password or "")
EMAIL_SECURITY = {"smtps": "tls", "smtp+starttls": "starttls"}.get(MAIL.scheme, "none")

UNFOLD = unfold_admin.UNFOLD

# Security
SECRET_KEY = env.secret_key
TRUSTED_PROXIES = env.trusted_proxies
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # only a trusted proxy can set it
ALLOWED_HOSTS = list(env.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(env.trusted_origins)
CORS_ALLOWED_ORIGINS = list(env.cors_origins)
CORS_ALLOW_CREDENTIALS = False
CORS_ALLOW_HEADERS = [*default_headers, "Idempotency-Key", "If-None-Match", "Last-Event-ID"]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Idempotency-Replayed",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "X-Request-ID",
]
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
ADMIN_PATH = env.admin_path
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

LOGGING = logging.configuration(json=env.json_logs, security_folder=env.security_log)
logging.configure()
