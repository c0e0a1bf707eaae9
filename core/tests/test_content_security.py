"""The headers that bound what a page may do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

pytestmark = pytest.mark.usefixtures("db", "own_cache")

ROOT = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.production",
    "DJANGO_SECRET_KEY": "Zk3vYt0pQw8sLr2nXb6mCd9fGh1jKa4uEi7oTq5xBv2wNz8eRm4yHs6d",
    "FIELD_ENCRYPTION_KEYS": "bG9jYWwtb25seS1uZXZlci1mb3ItcHJvZHVjdGlvbiE=",
    "DJANGO_ALLOWED_HOSTS": "archive.example",
}


@pytest.fixture
def policies(client: Client, admin_client: Client) -> dict[str, dict[str, str]]:
    """The policy of a page of each kind, by directive."""
    answers = {
        "page": client.get("/account/sign-in/"),
        "api": client.get("/instagram/statistic/"),
        "docs": client.get("/api/docs/"),
        "admin": admin_client.get("/admin/"),
        "missing": client.get("/nothing/"),
    }
    texts = {name: answer["Content-Security-Policy"] for name, answer in answers.items()}
    return {
        name: dict(each.split(" ", 1) for each in text.split("; ")) for name, text in texts.items()
    }


def test_every_answer_has_a_policy_that_forbids_what_it_does_not_name(
    policies: dict[str, dict[str, str]],
) -> None:
    assert {each["default-src"] for each in policies.values()} == {"'none'"}
    assert {each["frame-ancestors"] for each in policies.values()} == {"'none'"}


def test_no_page_runs_a_script_in_its_text(policies: dict[str, dict[str, str]]) -> None:
    scripts = {name: each.get("script-src", "'none'") for name, each in policies.items()}

    assert scripts == {
        "page": "'none'",
        "api": "'none'",
        "missing": "'none'",
        "docs": "'self'",
        "admin": "'self' 'unsafe-eval'",
    }


def test_styles_in_the_text_of_a_page_are_for_the_admin_only(
    policies: dict[str, dict[str, str]],
) -> None:
    styles = {name: each.get("style-src", "") for name, each in policies.items()}
    loose = [name for name, allowed in styles.items() if "unsafe-inline" in allowed]

    assert loose == ["admin"]


def test_no_page_of_the_documentation_or_the_admin_has_a_script_in_its_text(
    client: Client, admin_client: Client
) -> None:
    for page in (client.get("/api/docs/"), admin_client.get("/admin/instagram/user/")):
        text = page.content.decode()
        assert "<script" in text
        assert "<script>" not in text


def test_other_headers_keep_pages_apart(client: Client) -> None:
    answer = client.get("/account/sign-in/")

    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_the_production_settings_pass_all_checks_of_a_deployment() -> None:
    checked = subprocess.run(
        [sys.executable, "-W", "ignore", "manage.py", "check", "--deploy", "--fail-level", "INFO"],
        cwd=ROOT,
        env={**os.environ, **PRODUCTION},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (checked.returncode, checked.stdout) == (
        0,
        "System check identified no issues (1 silenced).\n",
    ), checked.stderr
