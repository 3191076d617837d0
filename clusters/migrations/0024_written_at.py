from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clusters', '0023_pauses_are_no_moves'),
    ]

    operations = [
        # When the fill was last seen to differ something was written, too.
        migrations.RenameField(
            model_name='volumeusage',
            old_name='changed_at',
            new_name='written_at',
        ),
        migrations.AlterField(
            model_name='volumeusage',
            name='written_at',
            field=models.DateTimeField(help_text='the reading that last saw more written than the one before; NULL: none did yet', null=True),
        ),
        migrations.AddField(
            model_name='volumeusage',
            name='written',
            field=models.BigIntegerField(help_text='bytes, to its device on that node since the kernel made it; NULL: not told', null=True),
        ),
        migrations.AddField(
            model_name='volumeusage',
            name='written_on',
            field=models.CharField(blank=True, default='', help_text='the node that `written` was read on', max_length=64),
        ),
    ]
