from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('storage', '0004_identity'),
        ('instagram', '0010_join_files'),  # no two assets of an owner share an identity any more
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='asset',
            name='asset_once_per_owner',
        ),
        migrations.AddConstraint(
            model_name='asset',
            constraint=models.UniqueConstraint(fields=('owner_kind', 'owner_id', 'role', 'identity'), name='asset_once_per_owner'),
        ),
    ]
