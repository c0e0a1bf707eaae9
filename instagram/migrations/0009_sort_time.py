import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('instagram', '0008_rejected_once'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='post',
            name='post_by_posted',
        ),
        migrations.RemoveIndex(
            model_name='post',
            name='post_of_user_by_posted',
        ),
        migrations.RemoveIndex(
            model_name='post',
            name='post_variant_by_posted',
        ),
        migrations.RemoveIndex(
            model_name='post',
            name='post_not_live_by_posted',
        ),
        migrations.AddField(
            model_name='post',
            name='sort_time',
            field=models.GeneratedField(db_persist=True, expression=django.db.models.functions.comparison.Least('post_created_at', 'created_at'), output_field=models.DateTimeField()),
        ),
        migrations.AlterField(
            model_name='historicalpost',
            name='post_created_at',
            field=models.DateTimeField(help_text='as the provider says'),
        ),
        migrations.AlterField(
            model_name='post',
            name='post_created_at',
            field=models.DateTimeField(help_text='as the provider says'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(fields=['sort_time', 'id'], name='post_by_sort_time'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(fields=['user', 'sort_time', 'id'], name='post_of_user_by_sort_time'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(fields=['variant', 'sort_time', 'id'], name='post_variant_by_sort_time'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(condition=models.Q(('availability', 'live'), _negated=True), fields=['sort_time', 'id'], name='post_not_live_by_sort_time'),
        ),
    ]
