"""`manage.py erase`: erase a profile."""

from __future__ import annotations

import json
import sys
from typing import Any
from uuid import UUID

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from core import usernames
from core.management.examples import CommandWithExamples
from instagram import actions, erasure
from instagram.models import Tombstone, User

BAD_USAGE = 2


class Command(CommandWithExamples):
    """Shows what will be removed, asks for confirmation, and removes it."""

    help = "Erase a profile: its rows, history, logs, and the files that no other profile has."
    EXAMPLES = """
examples:
  manage.py erase natgeo --reason "request 17"
  manage.py erase 787132 --reason "request 17" --yes --json

exit status: 0 erased, 1 not erased (unknown, under a legal hold, not confirmed), 2 bad usage
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("profile", metavar="PROFILE", help="name, URL, UUID or Instagram id")
        parser.add_argument(
            "--reason", required=True, help="kept as proof, so it must not name a person"
        )
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument("--json", action="store_true", help="print the proof as JSON")

    def handle(self, *_args: str, **options: Any) -> None:
        if not options["reason"].strip():
            raise CommandError("--reason must say something.", returncode=BAD_USAGE)
        user = find(options["profile"])
        if not options["yes"]:
            self.confirm(user)
        tombstone = erased(user, options["reason"])
        erasure.finish_all(now=timezone.now())
        tombstone.refresh_from_db()
        self.stdout.write(as_json(tombstone) if options["json"] else as_text(tombstone))

    def confirm(self, user: User) -> None:
        """Show what will be removed and ask for the name. Raises CommandError on a mismatch."""
        if not sys.stdin.isatty():
            raise CommandError("Not a terminal: confirm with --yes.", returncode=BAD_USAGE)
        self.stderr.write(f"{user.username} (Instagram id {user.instagram_id or 'unknown'}):")
        for kind, count in erasure.survey(user).items():
            self.stderr.write(f"  {count:>8}  {kind.replace('_', ' ')}")
        self.stderr.write("This cannot be undone. Type the name to erase it: ")
        if input().strip() != user.username:
            raise CommandError("Nothing was erased.")


def find(text: str) -> User:
    """The only profile with that UUID, Instagram id or name. Raises CommandError otherwise."""
    user = _by_uuid(text) or User.objects.filter(instagram_id=text).first()
    found = [user] if user else [*User.objects.named(_username(text))]
    if not found:
        raise CommandError(f"No profile {text!r} is known.")
    if len(found) > 1:  # also a former name, or one that was requested and never found
        listed = ", ".join(f"{each.pk} (id {each.instagram_id or 'unknown'})" for each in found)
        raise CommandError(
            f"Several profiles are known as {text!r}; give the UUID of one: {listed}"
        )
    return found[0]


def _by_uuid(text: str) -> User | None:
    try:
        return User.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _username(text: str) -> str:
    # Profiles may be stored under names that the rule for new profiles rejects.
    try:
        return actions.username_from(text)
    except actions.NotAUsername:  # such as an unknown UUID
        return usernames.in_lower_case(text) or ""


def erased(user: User, reason: str) -> Tombstone:
    """Erase the profile. Raises CommandError if it is under a hold or erased already."""
    try:
        return erasure.erase(user, by=None, reason=reason)
    except erasure.UnderLegalHold as error:
        raise CommandError(str(error)) from error
    except User.DoesNotExist as error:
        raise CommandError("The profile has just been erased.") from error


def as_json(tombstone: Tombstone) -> str:
    facts = {"erased_at": tombstone.erased_at.isoformat(), "reason": tombstone.reason}
    return json.dumps(facts | {"proof": tombstone.proof}, indent=2)


def as_text(tombstone: Tombstone) -> str:
    files = tombstone.proof.get("files")
    rows = sum(tombstone.proof["removed"].values())
    if files is None:
        return f"{rows} rows removed; the files could not be deleted yet, workers will try again."
    return (
        f"{rows} rows removed, {files['deleted']} files deleted ({files['bytes_deleted']} bytes), "
        f"{files['shared']} files kept because other profiles have them."
    )
