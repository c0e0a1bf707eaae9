from django.apps import AppConfig


class UsersConfig(AppConfig):
    """Accounts: the people and programs that use Instarchiver, not the archived profiles."""

    name = "core.users"
    label = "users"
    verbose_name = "Accounts"
