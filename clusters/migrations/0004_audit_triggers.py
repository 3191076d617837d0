from django.db import migrations

from clusters import audit_triggers


def install(apps, schema_editor):
    audit_triggers.install(schema_editor.connection)


def remove(apps, schema_editor):
    audit_triggers.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("clusters", "0003_audit_head")]

    operations = [migrations.RunPython(install, remove)]
