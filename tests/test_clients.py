"""The typed clients of `./dev clients`: their types are right, and they call a live archive."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password

from authentication import keys
from core.scopes import Scope
from core.users.models import Account
from lab.clients import generate, tools
from tests.support import outside
from tests.support.factories import ChangeFactory, HighlightFactory, PostFactory, StoryFactory
from tests.support.web import ROOT, web_server

CALLS = ROOT / "tests/support/clients"
PASSWORD = "correct horse battery staple"
STRICT = ("--strict", "--noUncheckedIndexedAccess", "--exactOptionalPropertyTypes")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def generators() -> None:
    """Node, and the generators as the locks name them."""
    outside.require_program("node", package="nodejs")
    outside.require_program("npm", package="npm")
    outside.require_installed(
        "the generators", is_there=tools.are_installed(), command="./dev clients --install"
    )


@pytest.fixture(scope="module")
def typescript(generators: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The npm package, and beside it the folder `calls`, which uses it."""
    folder = tmp_path_factory.mktemp("clients")
    (folder / "node_modules").symlink_to(tools.FOLDER / "node_modules")
    generate.typescript(folder / "typescript")
    calls = folder / "calls"
    (calls / "node_modules").mkdir(parents=True)
    (calls / "node_modules/instarchiver-client").symlink_to(folder / "typescript")
    for source in (CALLS / "calls.ts", tools.LOCKS / "tsconfig.json", tools.LOCKS / "package.json"):
        shutil.copyfile(source, calls / source.name)
    return folder


@pytest.fixture(scope="module")
def python(generators: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Python package."""
    folder = tmp_path_factory.mktemp("clients") / "python"
    generate.python(folder)
    return folder


@pytest.fixture
def reader(account: Account) -> Account:
    """An account whose password the web server can check."""
    account.password = make_password(PASSWORD)
    account.save()
    return account


def answers(reader: Account, *calls: str | Path, **environment: str) -> dict[str, Any]:
    """What the program finds in an archive of two posts, a story and a highlight."""
    user = PostFactory.create(id="11", user__username="ada").user
    PostFactory.create(id="12", user=user)
    StoryFactory.create(story_id="13", user=user)
    HighlightFactory.create(user=user)
    ChangeFactory.create(user=user)
    key = keys.make(reader, name="smoke", scopes=[Scope.READ, Scope.WRITE], expires_at=None)
    with web_server() as server:
        answer = subprocess.run(  # noqa: S603  our own programs
            [*calls, server.origin, key.text, reader.email, PASSWORD],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


EXPECTED = {
    "email": "reader@example.org",
    "profile": ["ada", 34],
    "posts": ["12", "11"],
    "stories": ["13"],
    "highlights": ["Journeys"],
    "changes": [{"caption": {"old": "Before", "new": "After"}}],
    "added": [201, "queued"],
    "runs": ["new.profile"],
    "statistic": {
        "total_users": 2, "total_posts": 2, "total_stories": 1, "total_highlights": 1,
    },
    "missing": [404, "No Post matches the given query."],
}  # fmt: skip


def test_the_types_of_the_typescript_client_are_strict(typescript: Path) -> None:
    tools.run("tsc", *STRICT, "--noEmit", "--project", typescript / "calls")


def test_the_types_of_the_python_client_are_strict(python: Path) -> None:
    generate.check_python(python / "instarchiver_client", CALLS / "calls.py", packages=python)


@pytest.mark.django_db(transaction=True)
def test_the_typescript_client_calls_an_archive(typescript: Path, reader: Account) -> None:
    tools.run("tsc", "--noCheck", "--project", typescript / "calls")

    assert answers(reader, "node", typescript / "calls/calls.js") == EXPECTED


@pytest.mark.django_db(transaction=True)
def test_the_python_client_calls_an_archive(python: Path, reader: Account) -> None:
    calls = (sys.executable, CALLS / "calls.py")

    assert answers(reader, *calls, PYTHONPATH=str(python)) == EXPECTED


def test_a_wrong_type_is_found(typescript: Path) -> None:
    source = typescript / "calls/calls.ts"
    source.write_text(source.read_text().replace("user.follower_count", "user.followers"))

    with pytest.raises(tools.StepFailed, match="Property 'followers' does not exist"):
        tools.run("tsc", "--noEmit", "--project", typescript / "calls")
