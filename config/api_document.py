"""What the OpenAPI document says beside the code: tags in reading order, examples, parameters."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

TAGS = [
    {"name": "users", "description": "The archived profiles: find, read and add them."},
    {"name": "posts", "description": "The archived posts."},
    {"name": "stories", "description": "The archived stories."},
    {"name": "highlights", "description": "The archived highlights, and the stories in them."},
    {"name": "changes", "description": "What appeared and changed, in one order."},
    {"name": "runs", "description": "Requests to archive a profile, and how far they have come."},
    {"name": "statistic", "description": "The size of the archive."},
    {"name": "inject-data", "description": "Stories that other programs hand in."},
    {"name": "costs", "description": "What the calls to the Core API cost."},
    {"name": "authentication", "description": "Sign-in, keys, and the own account."},
    {"name": "health", "description": "Whether the parts of the archive work."},
    {"name": "schema", "description": "This document."},
]
"""Swagger UI lists the tags in this order."""

UUID = "0198f3c2-6d1e-7c44-9a55-2f6f3b1c8e07"
TOKEN = "MTc:1tQ4xN:0kX9…"  # noqa: S105  of an example
PASSWORD = "correct horse battery staple"  # noqa: S105  the same
EMAIL = "curator@example.org"

EXAMPLES: dict[str, dict[str, Any]] = {
    "BulkRequest": {"usernames": ["kestrel.press", "@Tidewater_Maps"]},
    "ChangeEmailRequest": {"password": PASSWORD, "email": EMAIL},
    "ChangePasswordRequest": {"password": PASSWORD, "new_password": "another long sentence"},
    "EmailRequest": {"email": EMAIL},
    "IdTokenRequest": {"token": "eyJhbGciOiJSUzI1NiIs…"},
    "IngestRequest": {
        "username": "kestrel.press",
        "story_id": "3141592653589793238",
        "thumbnail": "https://cdn.example/cover.jpg",
        "media": "https://cdn.example/story.mp4",
        "created_datetime": "2026-11-30T10:00:00Z",
    },
    "InvitedRequest": {"token": TOKEN, "password": PASSWORD, "name": "Lena"},
    "LinkGoogleRequest": {"token": "eyJhbGciOiJSUzI1NiIs…", "password": PASSWORD},
    "LinkRequest": {"token": TOKEN},
    "NewKeyRequest": {
        "name": "nightly import",
        "scopes": ["archive:read"],
        "expires_at": "2027-06-30T00:00:00Z",
    },
    "NewPasswordRequest": {"token": TOKEN, "password": PASSWORD},
    "NewRunRequest": {"username": "kestrel.press", "streams": ["profile", "stories"]},
    "NewUserRequest": {"username": "kestrel.press"},
    "PasswordRequest": {"password": PASSWORD},
    "PatchedOwnAccountRequest": {"name": "Lena"},
    "RefreshRequest": {"refresh": "eyJhbGciOiJIUzI1NiIs…"},
    "RegistrationRequest": {"email": EMAIL, "password": PASSWORD, "name": "Lena"},
    "SignInRequest": {"email": EMAIL, "password": PASSWORD},
    "StreamsRequest": {"streams": ["stories"]},
}
"""One body of a request for each component."""

PARAMETERS = {
    "id": "Its id. Ids of posts and highlights are Instagram's; those of runs are UUIDs.",
    "uuid": "The id of the profile in this archive.",
    "story_id": "Instagram's id of the story.",
    "user": "The uuid of a profile: only what belongs to it.",
    "ordering": "The order, with `-` for the reverse. Another value means the default.",
    "from": "The first day.",
    "to": "The last day.",
    "Last-Event-ID": "The id of the last event that the client has seen.",
}

ANSWERS = {
    HTTPStatus.OK: "Success.",
    HTTPStatus.CREATED: "Created.",
    HTTPStatus.ACCEPTED: "Accepted. The work goes on in the background.",
    HTTPStatus.NO_CONTENT: "Done. The answer has no body.",
}


def described(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A postprocessing hook that describes what the code leaves without words."""
    for operations in result["paths"].values():
        for operation in operations.values():
            for parameter in operation.get("parameters", ()):
                if not parameter.get("description"):
                    parameter["description"] = PARAMETERS[parameter["name"]]
            for code, answer in operation["responses"].items():
                status = HTTPStatus(int(code))
                answer["description"] = answer["description"] or ANSWERS.get(status, status.phrase)
    for name, schema in result["components"]["schemas"].items():
        if name in EXAMPLES:
            schema["example"] = EXAMPLES[name]
    return result
