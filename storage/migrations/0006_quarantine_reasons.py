from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('storage', '0005_asset_once_per_identity'),
    ]

    operations = [
        migrations.AlterField(
            model_name='quarantined',
            name='reason',
            field=models.CharField(choices=[('not_media', 'no media that we know, or without its end: what a host sent'), ('undecodable', 'could not be decoded; earlier versions put it here'), ('damaged', 'was stored, and has changed since')], max_length=20),
        ),
    ]
