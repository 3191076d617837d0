from django.db import migrations, models

GENESIS = "0" * 64


def begin_chain(apps, schema_editor):
    apps.get_model("clusters", "AuditHead").objects.create(pk=1, sequence=0, hash=GENESIS)


class Migration(migrations.Migration):
    dependencies = [("clusters", "0002_observed_group")]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveBigIntegerField(default=0)),
                ("hash", models.CharField(max_length=64)),
            ],
        ),
        migrations.RunPython(begin_chain, migrations.RunPython.noop),
    ]
