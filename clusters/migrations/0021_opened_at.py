from django.db import migrations, models
from django.db.models import F


def opened_some_time(apps, schema_editor):
    apps.get_model("clusters", "Snapshot").objects.exclude(fsid=None).update(opened_at=F("created_at"))


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0020_snapshot_sec'),
    ]

    operations = [
        migrations.AddField(
            model_name='snapshot',
            name='opened_at',
            field=models.DateTimeField(blank=True, help_text='when a job last opened it to the end; NULL: none has', null=True),
        ),
        migrations.RunPython(opened_some_time, migrations.RunPython.noop),
    ]
