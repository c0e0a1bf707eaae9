"""Wrong values of the environment are named at the start."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from tests.support.sources import ROOT

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql"),
        ("DATABASE_URL", f"postgres://me:{SECRET}@[host/name"),
        ("DATABASE_POOL_SIZE", "-1"),
        ("BROKER_TIMEOUT", "0"),
        ("REDIS_URL", "127.0.0.1"),
        ("REDIS_URL", f"redis://:{SECRET}@127.0.0.1/cache"),
        ("FIELD_ENCRYPTION_KEYS", SECRET),
        ("CORE_API_URL", "core-api.example"),
        ("MEDIA_TRUSTED_HOSTS", "127.0.0.1"),
        ("MEDIA_COPY", "backups/media"),
        ("DJANGO_ADMIN_PATH", "/admin/"),
        ("DJANGO_ADMIN_PATH", "admin"),
        ("EMAIL_URL", f"mail://me:{SECRET}@host"),
        ("JSON_LOGS", "maybe"),
        ("TRUSTED_PROXIES", "1"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ],
)
def test_a_wrong_value_is_named_without_its_secret(name: str, value: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=name) as error:
        env.read({name: value})

    assert SECRET not in str(error.value)


def test_every_mistake_is_named_at_once() -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        env.read({"REDIS_URL": "here", "JSON_LOGS": "maybe"})

    assert [line.split(":")[0] for line in str(error.value).splitlines()[1:]] == [
        "  REDIS_URL",
        "  JSON_LOGS",
    ]


def test_an_empty_variable_counts_as_unset() -> None:
    assert env.read({"INSTARCHIVER_DATA": "", "TRUSTED_PROXIES": "", "REDIS_URL": ""}) == env.read(
        {}
    )


@pytest.mark.slow
def test_manage_py_ends_with_one_message_and_no_traceback() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "JSON_LOGS": "maybe"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("Wrong environment:\n  JSON_LOGS: must be one of")


@pytest.mark.slow
@pytest.mark.parametrize(("length", "status"), [(31, 2), (32, 0)])
def test_production_refuses_a_secret_key_that_could_be_guessed(length: int, status: int) -> None:
    variables = {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DJANGO_SECRET_KEY": "k" * length,
        "FIELD_ENCRYPTION_KEYS": "A" * 43 + "=",
        "DJANGO_ALLOWED_HOSTS": "archive.example",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == status
    assert ("openssl rand -base64 48" in done.stderr) is bool(status)
