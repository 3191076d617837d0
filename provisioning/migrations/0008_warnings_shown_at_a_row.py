from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0007_stopped_batches'),
    ]

    operations = [
        migrations.AddField(
            model_name='batchrow',
            name='shown',
            field=models.JSONField(default=list, help_text='codes of the warnings that stood at the row when it was approved'),
        ),
    ]
