"""`manage.py secondfactor`: help an account that has lost its authenticator app."""

from __future__ import annotations

from typing import Any, ClassVar

from django.core.management.base import CommandError, CommandParser

from authentication import second_factor
from core.management.examples import CommandWithExamples
from core.users.addresses import normalised
from core.users.models import Account


class Command(CommandWithExamples):
    """Turns the second factor of an account off. Its password stays."""

    help = "Turn the second factor of an account off, whose app and recovery codes are lost."
    EXAMPLES: ClassVar = """examples:
  manage.py secondfactor remove curator@example.org
"""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["remove"])
        parser.add_argument("email")

    def handle(self, *_: str, email: str, **__: Any) -> None:
        account = Account.objects.filter(email__lower=normalised(email)).first()
        if account is None:
            raise CommandError(f"No account has the address {email}.")
        if not second_factor.is_on(account):
            raise CommandError(f"{account.email} has no second factor.")
        second_factor.remove(account)
        self.stdout.write(f"{account.email} signs in with its password only.")
