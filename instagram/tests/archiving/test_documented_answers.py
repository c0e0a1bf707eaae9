"""Real answers match the OpenAPI document, without undocumented keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rest_framework.test import APIClient

from authentication import tokens
from core.users.models import Account
from instagram.models import ArchiveRun, Highlight, Post, Story, StreamPoll, User
from lab.simulator.client import SimulatorControl
from tests.support.running import archive

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "api_log"])
SNAPSHOT = Path(__file__).parents[3] / "tests" / "snapshots" / "openapi.json"
DOCUMENT = json.loads(SNAPSHOT.read_text())
READ = [
    path
    for path, operations in DOCUMENT["paths"].items()
    if "get" in operations and not path.endswith(("/events/", "/feed/"))  # those are no JSON
]


def strict(schema: Any) -> Any:
    """The schema as JSON Schema, with nullable types and without additional keys."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(each) for key, each in schema.items()}
    if made.pop("nullable", False) is True:
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    if "properties" in made and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made


COMPONENTS = strict(DOCUMENT["components"])


def problems(method: str, path: str, answer: Any) -> list[str]:
    """The differences between an answer and its documented schema."""
    responses = DOCUMENT["paths"][path][method]["responses"]
    schema = responses[str(answer.status_code)]["content"]["application/json"]["schema"]
    validator = jsonschema.Draft202012Validator({**strict(schema), "components": COMPONENTS})
    return [str(error) for error in validator.iter_errors(answer.json())]


def filled(path: str, rows: dict[str, Any]) -> str:
    """The path with the id of a stored row."""
    for noun, row in rows.items():
        if f"/{noun}/" in path:
            for name in ("{id}", "{story_id}", "{uuid}"):
                path = path.replace(name, str(row.pk))
    return path


@pytest.fixture
def archived(provider: SimulatorControl) -> dict[str, Any]:
    """A row of each kind, of a profile whose second run found changes."""
    archive("story.hours")
    provider.edit("change_profile", username="story.hours", changes={"biography": "another"})
    archive("story.hours")
    return {
        "users": User.objects.get(),
        "posts": Post.objects.all()[0],
        "stories": Story.objects.all()[0],
        "highlights": Highlight.objects.all()[0],
        "runs": ArchiveRun.objects.all()[0],
    }


@pytest.fixture
def signed(api: APIClient, account: Account) -> APIClient:
    """A client with the permission to read everything, also the costs."""
    account.is_staff = account.is_superuser = True
    account.save()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens.issue(account)['access']}")
    return api


@pytest.mark.slow
def test_every_answer_is_as_documented(archived: dict[str, Any], signed: APIClient) -> None:
    found = {path: signed.get(filled(path, archived)) for path in READ}

    assert {path: problems("get", path, answer) for path, answer in found.items()} == {
        path: [] for path in READ
    }
    assert {answer.status_code for path, answer in found.items() if path != "/health/"} == {200}


@pytest.mark.slow
def test_an_unknown_value_is_null_as_documented(
    archived: dict[str, Any], signed: APIClient
) -> None:
    user = archived["users"]
    User.objects.update(full_name=None, biography=None, is_verified=None, picture=None)
    StreamPoll.objects.all().delete()
    user.story_windows.all().delete()

    paths = [path for path in READ if path.startswith("/instagram/users/")]
    found = {path: problems("get", path, signed.get(filled(path, archived))) for path in paths}

    assert found == {path: [] for path in paths}


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("post", "/instagram/runs/", {"username": "a", "streams": ["none"]}, 400),
        ("post", "/instagram/runs/", {}, 400),
        ("post", "/instagram/users/", {"username": "p"}, 400),
        ("get", "/instagram/posts/{id}/", None, 404),
        ("get", "/instagram/posts/?user=x", None, 400),
        ("get", "/instagram/posts/?cursor=x", None, 404),
    ],
)
def test_every_refusal_is_as_documented(
    signed: APIClient, method: str, path: str, body: Any, status: int
) -> None:
    answer = getattr(signed, method)(path.replace("{id}", "1"), body)

    assert answer.status_code == status
    assert problems(method, path.partition("?")[0], answer) == []


def test_strangers_are_refused_as_documented(api: APIClient) -> None:
    answer = api.post("/instagram/users/", {"username": "plain.case"})

    assert answer.status_code == 401
    assert problems("post", "/instagram/users/", answer) == []
