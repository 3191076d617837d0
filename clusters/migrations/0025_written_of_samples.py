from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0024_written_at'),
    ]

    operations = [
        migrations.AddField(
            model_name='usagesample',
            name='written',
            field=models.BigIntegerField(help_text='bytes, to its device since the kernel made it; NULL: not told, or kept before it was asked', null=True),
        ),
    ]
