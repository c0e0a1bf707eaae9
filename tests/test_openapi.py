"""The OpenAPI document: complete, and changed on purpose only.

After a wanted change:
`./dev manage spectacular --format openapi-json --file tests/snapshots/openapi.json`.
"""

from __future__ import annotations

from pathlib import Path

from django.core.management import call_command

SNAPSHOT = Path(__file__).parent / "snapshots" / "openapi.json"


def test_the_document_is_free_of_warnings_and_as_agreed(tmp_path: Path) -> None:
    made = tmp_path / "openapi.json"

    call_command("spectacular", format="openapi-json", file=str(made), fail_on_warn=True)

    assert made.read_text() == SNAPSHOT.read_text()
