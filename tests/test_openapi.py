"""The OpenAPI document equals its snapshot, so it changes only on purpose.

Renew the snapshot after a change:
`./dev manage spectacular --format openapi-json --file tests/snapshots/openapi.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management import call_command
from jsonschema import Draft4Validator

SNAPSHOT = Path(__file__).parent / "snapshots" / "openapi.json"


def test_the_document_equals_its_snapshot_without_warnings(tmp_path: Path) -> None:
    made = tmp_path / "openapi.json"

    call_command("spectacular", format="openapi-json", file=str(made), fail_on_warn=True)

    assert made.read_text() == SNAPSHOT.read_text()


def parts(found: Any, *place: Any) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Every object of the document with the keys that lead to it."""
    if isinstance(found, dict):
        yield place, found
        for key, each in found.items():
            yield from parts(each, *place, key)
    elif isinstance(found, list):
        for number, each in enumerate(found):
            yield from parts(each, *place, number)


def test_null_stands_only_where_openapi_3_0_allows_it() -> None:
    document = json.loads(SNAPSHOT.read_text())

    nullable = [(where, part) for where, part in parts(document) if "nullable" in part]
    assert [where for where, part in nullable if "type" not in part] == []


def test_no_value_fits_both_sides_of_a_choice() -> None:
    document = json.loads(SNAPSHOT.read_text())

    assert [where for where, part in parts(document) if "oneOf" in part] == []


def test_every_status_is_named_one_by_one() -> None:
    document = json.loads(SNAPSHOT.read_text())

    statuses = {
        status
        for operations in document["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
    }
    assert all(status.isdecimal() for status in statuses)


def test_everything_in_the_document_is_described() -> None:
    document = json.loads(SNAPSHOT.read_text())
    operations = [each for path in document["paths"].values() for each in path.values()]
    parts_of_them = [
        part
        for each in operations
        for part in (each, *each.get("parameters", ()), *each["responses"].values())
    ]

    assert [each for each in parts_of_them if not each.get("description")] == []
    named = [tag["name"] for tag in document["tags"]]
    assert {tag for each in operations for tag in each["tags"]} <= {*named}
    assert named[:3] == ["users", "posts", "stories"]


def test_each_body_of_a_request_has_a_valid_example() -> None:
    document = json.loads(SNAPSHOT.read_text())
    schemas = document["components"]["schemas"]
    bodies = {
        reference.rpartition("/")[2]
        for _, part in parts(document["paths"])
        if "requestBody" in part
        for content in part["requestBody"]["content"].values()
        if (reference := content["schema"].get("$ref"))
    }

    assert {name for name in bodies if "example" not in schemas[name]} == set()
    for name in bodies:
        schema = {**schemas[name], "components": document["components"]}
        validator = Draft4Validator(schema, format_checker=Draft4Validator.FORMAT_CHECKER)
        assert [*validator.iter_errors(schemas[name]["example"])] == [], name
