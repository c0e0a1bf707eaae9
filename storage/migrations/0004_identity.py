from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('storage', '0003_accepted_losses'),
    ]

    operations = [
        migrations.AddField(
            model_name='asset',
            name='identity',
            field=models.GeneratedField(db_persist=True, expression=models.Case(models.When(role='video', then=models.F('source_name')), default=models.Func(models.F('source_name'), models.Value('(\\.(jpe?g|png|webp|heic|avif))+$'), models.Value(''), models.Value('i'), function='regexp_replace')), output_field=models.CharField(max_length=200)),
        ),
        migrations.AddField(
            model_name='storedfile',
            name='examined_by',
            field=models.CharField(blank=True, default='', help_text='the versions of the decoders', max_length=100),
        ),
        migrations.AddField(
            model_name='storedfile',
            name='problem',
            field=models.TextField(blank=True, default='', help_text='why facts are unknown; asked again by newer decoders'),
        ),
        migrations.AlterField(
            model_name='asset',
            name='source_name',
            field=models.CharField(help_text='as it was first seen', max_length=200),
        ),
        migrations.AlterField(
            model_name='storedfile',
            name='rejected_at',
            field=models.DateTimeField(help_text='an earlier version put the bytes into quarantine; to be restored', null=True),
        ),
        migrations.AddIndex(
            model_name='asset',
            index=models.Index(condition=models.Q(('state', 'failed')), fields=['owner_kind', 'owner_id'], name='asset_failed'),
        ),
    ]
