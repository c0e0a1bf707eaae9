"""`manage.py apikey`: make, list and revoke API keys."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from authentication import keys
from authentication.models import ApiKey
from core.management.examples import CommandWithExamples
from core.scopes import Scope
from core.users.models import Account


class Command(CommandWithExamples):
    """A key's secret goes to standard output alone, so that a script can read it."""

    help = "Make, list and revoke API keys."
    EXAMPLES: ClassVar = """examples:
  manage.py apikey create curator@example.org --name "nightly import" --scope archive:read --days 90
  manage.py apikey list curator@example.org --json
  manage.py apikey revoke 3f9c2a71d0
"""

    def add_arguments(self, parser: CommandParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        create = verbs.add_parser("create", help="make a key and print it once")
        create.add_argument("email", help="the account that the key acts for")
        create.add_argument("--name", required=True, help="for what the key is used")
        create.add_argument(
            "--scope",
            action="append",
            required=True,
            choices=[each.value for each in Scope],
            help="what the key may do; may be repeated",
        )
        create.add_argument("--days", type=int, help="valid for, up to 366 (default: no end)")
        listing = verbs.add_parser("list", help="list the keys of an account, or all")
        listing.add_argument("email", nargs="?")
        listing.add_argument("--json", action="store_true", help="one object a line")
        revoke = verbs.add_parser("revoke", help="revoke a key at once")
        revoke.add_argument("prefix", help="the part between ia_ and the next _")

    def handle(self, *_: str, verb: str, **options: Any) -> None:
        getattr(self, f"_{verb}")(**options)

    def _create(
        self, *, email: str, name: str, scope: list[str], days: int | None, **_: Any
    ) -> None:
        expires_at = None if days is None else timezone.now() + timedelta(days=days)
        scopes = [Scope(each) for each in scope]
        try:
            new = keys.make(_account(email), name=name, scopes=scopes, expires_at=expires_at)
        except keys.KeyRefused as error:
            raise CommandError(str(error)) from error
        self.stderr.write(f"Key {new.key.prefix} of {email}. It is shown this once:")
        self.stdout.write(new.text)

    def _list(self, *, email: str | None, json: bool, **_: Any) -> None:
        rows = ApiKey.objects.select_related("account").order_by("account__email", "created_at")
        for key in rows.filter(account=_account(email)) if email else rows:
            self.stdout.write(_as_json(key) if json else _as_line(key))

    def _revoke(self, *, prefix: str, **_: Any) -> None:
        found = ApiKey.objects.filter(prefix=prefix.removeprefix(keys.MARK).partition("_")[0])
        if not found.exists():
            raise CommandError(f"No key has the prefix {prefix}. See: manage.py apikey list")
        count = keys.revoke(found, by=None)
        self.stdout.write("Revoked." if count else "It was revoked before.")


def _account(email: str) -> Account:
    try:
        return Account.objects.get_by_natural_key(email)
    except Account.DoesNotExist:
        raise CommandError(f"No account has the address {email}.") from None


def _as_json(key: ApiKey) -> str:
    times = ("created_at", "expires_at", "last_used_at", "revoked_at")
    moments = {name: getattr(key, name) and getattr(key, name).isoformat() for name in times}
    facts = {"prefix": key.prefix, "name": key.name, "account": key.account.email}
    return json.dumps({**facts, "scopes": key.scopes, **moments})


def _as_line(key: ApiKey) -> str:
    state = (
        "revoked"
        if key.revoked_at
        else f"until {key.expires_at:%Y-%m-%d}"
        if key.expires_at
        else "no end"
    )
    return f"{key.prefix}  {key.account.email}  {key.name}  {','.join(key.scopes)}  {state}"
