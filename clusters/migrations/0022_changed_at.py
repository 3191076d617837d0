from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0021_opened_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='export',
            name='changed_at',
            field=models.DateTimeField(blank=True, help_text='when a job last published, changed or moved it: an older reading tells nothing of that', null=True),
        ),
    ]
