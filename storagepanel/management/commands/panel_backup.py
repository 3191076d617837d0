"""Save database and keys; `./panel backup` calls it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, transaction

from clusters.audit import record
from clusters.models import AuditEntry
from storagepanel import archive


class Command(BaseCommand):
    help = "Save database and keys in one new file that nobody else can read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with transaction.atomic():
                text = f"Database and keys were saved at the console to {options['file'].name}."
                record(actor="console", action="panel.backup", text=text, outcome=AuditEntry.Outcome.DONE)
            archive.save(options["file"].absolute())
        except (archive.ArchiveProblem, DatabaseError, OSError) as problem:
            raise CommandError(str(problem)) from problem
