from typing import Any

from django.db import migrations

from core.db.search import (BARE_LETTERS, WORD_START, document_grams, normalise)

BATCH = 500
LETTERS = f"[{''.join(map(chr, BARE_LETTERS))}]"


def fold(apps: Any, schema_editor: Any) -> None:
    """Make the documents again in which a letter stands that was left whole."""
    for name in ("User", "Post", "Highlight"):
        model = apps.get_model("instagram", name)
        unfolded = model.objects.using(schema_editor.connection.alias).filter(
            search_text__regex=LETTERS
        )
        while rows := list(unfolded.only("pk", "search_text")[:BATCH]):
            for row in rows:
                row.search_text = WORD_START + normalise(row.search_text)
                row.search_grams = document_grams(row.search_text)
            model.objects.bulk_update(rows, ["search_text", "search_grams"])


class Migration(migrations.Migration):

    dependencies = [
        ("instagram", "0011_bounded_texts"),
    ]

    operations = [
        migrations.RunPython(fold, migrations.RunPython.noop, elidable=True),
    ]
