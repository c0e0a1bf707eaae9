"""The pages around the API."""

from __future__ import annotations

import pytest
import yaml
from rest_framework.test import APIClient


@pytest.mark.parametrize("url", ["/", "/docs/"])
def test_the_root_leads_to_the_documentation(api: APIClient, url: str) -> None:
    response = api.get(url)

    assert (response.status_code, response["Location"]) == (302, "/api/docs/")


def test_the_documentation_needs_nothing_from_elsewhere(api: APIClient) -> None:
    page = api.get("/api/docs/").content.decode()

    assert "swagger-ui" in page
    assert "https://" not in page


@pytest.mark.slow
def test_the_schema_is_yaml_by_default(api: APIClient) -> None:
    response = api.get("/schema/")

    assert yaml.safe_load(response.content)["info"]["title"] == "Instarchiver"


def test_the_schema_is_json_on_request(api: APIClient) -> None:
    assert api.get("/schema/?format=json").json()["openapi"].startswith("3.0")


def test_the_schema_is_json_for_who_accepts_json(api: APIClient) -> None:
    response = api.get("/schema/", headers={"Accept": "application/json"})

    assert response.json()["info"]["title"] == "Instarchiver"
