"""Cuts texts that no version before bounded, as `core/texts.py` does since; raw payloads keep them."""

from django.db import migrations

BOUNDS = (
    ("instagram_post", "caption", 2500),
    ("instagram_historicalpost", "caption", 2500),
    ("instagram_user", "biography", 500),
    ("instagram_historicaluser", "biography", 500),
    ("instagram_highlight", "title", 200),
)
CUT = "UPDATE {table} SET {column} = left({column}, {kept}) WHERE length({column}) > {kept}"


class Migration(migrations.Migration):

    dependencies = [
        ('instagram', '0010_join_files'),
    ]

    operations = [
        migrations.RunSQL(
            CUT.format(table=table, column=column, kept=bound + 1),
            migrations.RunSQL.noop,
            elidable=True,
        )
        for table, column, bound in BOUNDS
    ]
