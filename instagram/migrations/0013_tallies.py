"""Triggers count the rows that statements add and delete, so that the statistic scans no table."""

from django.db import migrations, models

TABLES = ("instagram_user", "instagram_post", "instagram_story", "instagram_highlight")
FUNCTION = """
CREATE FUNCTION instagram_tally_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM instagram_rowtally WHERE counted = TG_TABLE_NAME;
        RETURN NULL;
    END IF;
    SELECT count(*) INTO changed FROM changed_rows;
    IF TG_OP = 'DELETE' THEN
        changed := -changed;
    END IF;
    IF changed <> 0 THEN
        INSERT INTO instagram_rowtally (counted, rows) VALUES (TG_TABLE_NAME, changed);
    END IF;
    RETURN NULL;
END $$
"""
NO_FUNCTION = "DROP FUNCTION instagram_tally_rows CASCADE"
# The triggers lock each table against writers until the migration commits, so the count is exact.
TRIGGERS = """
CREATE TRIGGER tally_inserted AFTER INSERT ON {table} REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION instagram_tally_rows();
CREATE TRIGGER tally_deleted AFTER DELETE ON {table} REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION instagram_tally_rows();
CREATE TRIGGER tally_truncated AFTER TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION instagram_tally_rows();
INSERT INTO instagram_rowtally (counted, rows) SELECT '{table}', count(*) FROM {table}
"""


class Migration(migrations.Migration):

    dependencies = [
        ('instagram', '0012_fold_letters'),
    ]

    operations = [
        migrations.CreateModel(
            name='RowTally',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('counted', models.CharField(help_text='the table', max_length=63)),
                ('rows', models.BigIntegerField()),
            ],
            options={'verbose_name_plural': 'tallies'},
        ),
        migrations.RunSQL(FUNCTION, NO_FUNCTION),
        *(
            migrations.RunSQL(TRIGGERS.format(table=table), migrations.RunSQL.noop)
            for table in TABLES
        ),
    ]
