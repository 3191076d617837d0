"""Bring a backup back; `./panel restore` calls it while it holds the panel's lock."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from clusters.audit import record
from clusters.models import AuditEntry
from storagepanel import archive
from storagepanel.archive_keys import KEYS, written


class Command(BaseCommand):
    help = "Bring back database and keys from a backup, into an empty place unless told otherwise."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--replace", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            aside = archive.restore(options["file"], replace=options["replace"])
        except (archive.ArchiveProblem, OSError, tarfile.TarError) as problem:
            raise CommandError(str(problem)) from problem
        call_command("migrate", interactive=False, verbosity=0)
        with transaction.atomic():
            archive.number_jobs_afresh()
            text = f"The backup {options['file'].name} was restored at the console; what happened after it was made is not in this log."
            record(actor="console", action="panel.restore", text=text, outcome=AuditEntry.Outcome.DONE)
        if aside:
            self.stdout.write(f"What was there before is in {aside}.")
        if len(written()) == len(KEYS):
            self.stdout.write("Database and keys are back. Start with ./panel up")
        else:
            self.stdout.write(
                "The database is back, and the keys that are configured are the backup's. Start the panel."
            )
