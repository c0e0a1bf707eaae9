"""The addresses of config/aliases.py, as their clients use them."""

from __future__ import annotations

import json
import re

import pytest
from django.urls import URLPattern
from rest_framework.test import APIClient

from authentication.models import PendingAccount
from config import aliases
from core.users.models import Account
from settings.models import AccessSetting, Registration
from tests.support.factories import PostFactory
from tests.support.sources import ROOT

PASSWORD = {"email": "reader@example.org", "password": "correct horse battery staple"}
NEW = {"email": "new@example.org", "password": "correct horse battery staple"}
PLAIN = [str(each.pattern) for each in aliases.urlpatterns if isinstance(each, URLPattern)][:-1]

pytestmark = pytest.mark.usefixtures("account")


def test_a_token_client_signs_in_looks_around_and_signs_out(
    api: APIClient, account: Account
) -> None:
    answer = api.post("/api/auth/login/", PASSWORD).json()
    assert {*answer} == {"token", "user_id", "email"}
    assert (answer["user_id"], answer["email"]) == (account.pk, account.email)
    api.credentials(HTTP_AUTHORIZATION=f"Token {answer['token']}")

    assert api.get("/api/auth/user/").json() == api.get("/authentication/me/").json()
    changed = api.patch("/api/auth/profile/", {"name": "Lena", "email": "other@example.org"})
    assert (changed.json()["name"], changed.json()["email"]) == ("Lena", account.email)
    assert api.get("/api/auth/profile/").json()["name"] == "Lena"

    assert api.post("/api/auth/logout/").status_code == 204
    assert api.get("/api/auth/user/").status_code == 401


def test_a_jwt_client_signs_in_and_refreshes(api: APIClient) -> None:
    for address in ("/api/v1/custom/token/obtain/", "/api/v1/token/"):
        pair = api.post(address, PASSWORD).json()
        assert {*pair} == {"access", "refresh"}

    pair = api.post("/api/v1/token/refresh/", {"refresh": pair["refresh"]}).json()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access']}")
    assert api.get("/api/v1/user/info/").json()["email"] == PASSWORD["email"]
    assert api.post("/api/auth/logout/").status_code == 204
    assert api.get("/api/v1/user/info/").status_code == 401


@pytest.mark.parametrize("address", ["/api/auth/register/", "/api/v1/users/signup/"])
def test_registration_is_that_of_the_setting(api: APIClient, address: str) -> None:
    assert api.post(address, NEW).status_code == 403

    AccessSetting.objects.create(registration=Registration.OPEN)
    assert api.post(address, NEW).status_code == 202
    assert PendingAccount.objects.get().email == NEW["email"]


@pytest.mark.parametrize(
    "address",
    ["/api/auth/login/", "/api/v1/custom/token/obtain/", "/api/v1/token/"],
)
def test_guesses_at_an_alias_count_for_the_account(
    api: APIClient, account: Account, address: str
) -> None:
    wrong = {"email": account.email, "password": "wrong"}

    statuses = [api.post(address, wrong).status_code for _ in range(11)]

    assert statuses == [401] * 10 + [429]
    assert api.post("/authentication/login/", wrong).status_code == 429


def test_google_sign_in_answers_as_ours(api: APIClient) -> None:
    answers = [
        api.post(address, {"token": "x"})
        for address in ("/api/v1/google/login/", "/authentication/login-with-google/")
    ]

    assert answers[0].status_code == answers[1].status_code
    assert answers[0].json() == answers[1].json()


def test_the_links_of_a_list_keep_the_prefix(api: APIClient) -> None:
    posts = PostFactory.create_batch(3)

    first = api.get("/api/v1/instagram/posts/?page_size=2").json()
    assert first["next"].startswith("http://testserver/api/v1/instagram/posts/?")
    second = api.get(first["next"]).json()

    found = {post["id"] for page in (first, second) for post in page["results"]}
    assert found == {post.pk for post in posts}
    ours = api.get(f"/instagram/posts/{posts[0].pk}/").json()
    assert api.get(f"/api/v1/instagram/posts/{posts[0].pk}/").json() == ours


@pytest.mark.parametrize("address", ["/api/auth/", "/api/v1/nothing/", "/api/v1/token"])
def test_an_unknown_alias_is_a_404_in_json(api: APIClient, address: str) -> None:
    response = api.get(address)

    assert (response.status_code, list(response.json())) == (404, ["detail"])


def test_the_document_of_the_aliases_lists_them_and_ours_does_not(api: APIClient) -> None:
    document = api.get("/schema/aliases/?format=json").json()
    ours = api.get("/schema/?format=json").json()["paths"]

    archive = [path for path in ours if path.startswith("/instagram/")]
    assert {*document["paths"]} == {f"/{each}" for each in PLAIN} | {
        f"/api/v1{path}" for path in archive
    }
    assert not any(path.startswith("/api/") for path in ours)
    operations = [each for path in document["paths"].values() for each in path.values()]
    tags = {tag for each in operations for tag in each["tags"]}
    assert {"posts", "users"} <= tags
    assert "v1" not in json.dumps(sorted(tags))


def test_the_documentation_has_a_row_for_each_alias() -> None:
    text = (ROOT / "docs/api.md").read_text()

    rows = {*re.findall(r"^\| `(?:[A-Z, ]+) /(api/[^`]*)`", text, re.MULTILINE)}
    assert rows == {*PLAIN, "api/v1/instagram/…"}
