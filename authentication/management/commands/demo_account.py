"""`manage.py demo_account`: create the account of the demo, and open its registration."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.users.models import Account
from settings.models import AccessSetting, Registration

EMAIL = "demo@instarchiver.example"
PASSWORD = "demo-archive"  # noqa: S105  printed by the demo, local only


class Command(BaseCommand):
    """Creates what does not exist yet, and prints the login."""

    help = "Create the demo's staff login, and print it as `e-mail password`."

    def handle(self, *_args: str, **_options: Any) -> None:
        """Create the account. Its password is public, so production settings refuse it."""
        if not settings.IS_LOCAL:
            raise CommandError("The demo's login is for local runs only; use createsuperuser.")
        if not Account.objects.filter(email=EMAIL).exists():
            Account.objects.create_superuser(EMAIL, PASSWORD, name="Demo")
        AccessSetting.objects.get_or_create(
            pk=AccessSetting.singleton_instance_id, defaults={"registration": Registration.OPEN}
        )
        self.stdout.write(f"{EMAIL} {PASSWORD}")
