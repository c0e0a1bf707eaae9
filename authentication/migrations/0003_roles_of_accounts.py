"""Before there were roles, every account could archive. So each becomes an archivist."""

from django.db import migrations


def to_archivists(apps, schema_editor):
    accounts = apps.get_model("users", "Account").objects.all()
    if accounts.exists():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name="Archivist")
        group.user_set.add(*accounts)


class Migration(migrations.Migration):

    dependencies = [
        ('authentication', '0002_keys_and_bans'),
        ('users', '0002_session_version'),
    ]

    operations = [migrations.RunPython(to_archivists, migrations.RunPython.noop)]
