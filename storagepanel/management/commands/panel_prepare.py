"""All of a start that needs Django, in one process: a second one costs more than everything it does."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from storagepanel import checks, first_admin, static_stamp


class Command(BaseCommand):
    requires_system_checks = (checks.TAG,)
    help = "Bring database, keys and static files up to date, and print the first administrator's link while there is none."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print what a launcher needs as the last line")

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare a start.

        1. Apply migrations, if any is missing.
        2. Make the workers' keys, if they are missing.
        3. Collect static files, if any changed.
        4. With PANEL_DEMO, make the simulated pair.
        5. While no administrator can sign in: set the password from PANEL_ADMIN_PASSWORD_FILE, or make a link.
        """
        self.migrate()
        call_if_there("panel_keys")
        if static_stamp.differs():
            call_command("collectstatic", interactive=False, clear=True, verbosity=0)
            static_stamp.write()
        if settings.DEMO:
            call_if_there("panel_demo")
        found = self.first_admin()
        if options["json"]:
            self.stdout.write(json.dumps(found))
        elif link := found.get("link"):
            self.stdout.write(link)

    def migrate(self) -> None:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            self.stderr.write("Bringing the database up to date ...")
            call_command("migrate", interactive=False, verbosity=0)

    def first_admin(self) -> dict[str, str]:
        if first_admin.exists():
            return {}
        user = first_admin.account()
        if path := os.environ.get("PANEL_ADMIN_PASSWORD_FILE"):
            password = Path(path).read_text().strip()
            if len(password) < 12:
                raise CommandError(f"{path}: the administrator's password needs at least 12 characters.")
            first_admin.set_password(user, user.get_username(), password)
            return {}
        return {"link": first_admin.link(user)}


def call_if_there(command: str) -> None:
    if command in get_commands():
        call_command(command, verbosity=0)
