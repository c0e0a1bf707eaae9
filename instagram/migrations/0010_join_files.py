"""Joins the files that were split because one picture had come under several extensions.

Of the assets that are one file by its name before the extensions, the one that is stored, else the
first, is kept, and every row that shows the file is linked with it. Another one whose bytes differ
(a transcoding) keeps them: it stays as an asset that nothing shows, under a name of its own. The
feed is left as it is: what it has told was told.
"""

import sys

from django.db import migrations

SPLIT = """
CREATE TEMPORARY TABLE split ON COMMIT DROP AS
SELECT asset.id, twin.kept, asset.file_id IS NOT NULL AND asset.file_id <> twin.file AS is_apart
  FROM storage_asset asset
  JOIN (
      SELECT id,
             first_value(id) OVER same AS kept,
             first_value(file_id) OVER same AS file
        FROM storage_asset
      WINDOW same AS (
          PARTITION BY owner_kind, owner_id, role = 'video', identity
          ORDER BY (state = 'stored') DESC, id
      )
  ) twin ON twin.id = asset.id
 WHERE twin.kept <> asset.id
"""
SHOWN = (
    ("instagram_postmedia", "image_id"),
    ("instagram_postmedia", "video_id"),
    ("instagram_story", "image_id"),
    ("instagram_story", "video_id"),
    ("instagram_highlight", "cover_id"),
    ("instagram_user", "picture_id"),
)
LINK = "UPDATE {table} SET {column} = split.kept FROM split WHERE {table}.{column} = split.id"
# What is history, or evidence, moves only where its asset goes.
RECORDED = (("instagram_historicaluser", "picture_id"), ("storage_quarantined", "asset_id"))
EVENTS = """
UPDATE storage_fixityevent event
   SET assets = (
       SELECT coalesce(jsonb_agg(DISTINCT coalesce(split.kept, wanted.id)), '[]'::jsonb)
         FROM jsonb_array_elements_text(event.assets) AS listed (id)
         CROSS JOIN LATERAL (SELECT listed.id::bigint) AS wanted (id)
         LEFT JOIN split ON split.id = wanted.id AND NOT split.is_apart
   )
 WHERE event.assets <> '[]'::jsonb
"""
APART = """
UPDATE storage_asset asset
   SET source_name = left(asset.source_name, 180) || '#' || asset.id
  FROM split
 WHERE split.id = asset.id AND split.is_apart
"""
DELETED = "DELETE FROM storage_asset USING split WHERE split.id = storage_asset.id AND NOT is_apart"


def join(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(SPLIT)
        cursor.execute("SELECT count(*), count(*) FILTER (WHERE is_apart) FROM split")
        split, apart = cursor.fetchone()
        if not split:
            return
        for table, column in SHOWN:
            cursor.execute(LINK.format(table=table, column=column))
        for table, column in RECORDED:
            cursor.execute(LINK.format(table=table, column=column) + " AND NOT split.is_apart")
        cursor.execute(EVENTS)
        cursor.execute(APART)
        cursor.execute(DELETED)
        # Deleting has left events of foreign keys behind, before which no table can be altered.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    sys.stdout.write(
        f"\n    {split} files had been split by their extensions and are joined; of these {apart} "
        "keep bytes of their own, beside the file that is shown\n"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('instagram', '0009_sort_time'),
        ('storage', '0004_identity'),
    ]

    operations = [migrations.RunPython(join, migrations.RunPython.noop, elidable=True)]
