from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusters import audit


class Command(BaseCommand):
    help = "Check the audit log's chain. Names the first bad entry and ends with exit code 1 when there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--file", type=Path, help="check an export instead of the database")
        parser.add_argument(
            "--against", type=Path, help="also check that every entry of an earlier export is still there"
        )

    def handle(self, *args: Any, file: Path | None, against: Path | None, **options: Any) -> None:
        problems = audit.verify_rows(_rows(file)) if file else audit.verify()
        if against:
            hashes = {row["sequence"]: row["hash"] for row in (_rows(file) if file else audit.export())}
            problems += [
                audit.Problem(row["sequence"], f"it is not what {against.name} holds")
                for row in _rows(against)
                if hashes.get(row["sequence"]) != row["hash"]
            ]
        if problems:
            raise CommandError(
                f"The audit log does not verify. First bad row: {problems[0]}. Problems: {len(problems)}."
            )
        self.stdout.write("The audit log verifies.")


def _rows(path: Path) -> Iterator[audit.Row]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                yield json.loads(line)
            except ValueError:
                raise CommandError(f"{path.name}: line {number} is not JSON; the export was cut or changed.") from None
