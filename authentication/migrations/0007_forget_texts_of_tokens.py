from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("authentication", "0006_second_factor_blocks"),
        ("token_blacklist", "0013_alter_blacklistedtoken_options_and_more"),
    ]

    operations = [
        migrations.RunSQL(
            "UPDATE token_blacklist_outstandingtoken SET token = '' WHERE token <> ''",
            migrations.RunSQL.noop,
        ),
    ]
