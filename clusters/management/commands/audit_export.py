from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from clusters import audit


class Command(BaseCommand):
    help = (
        "Print the audit log, one JSON line per entry, oldest first. `audit_verify --file` checks it without the panel."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for row in audit.export():
            self.stdout.write(json.dumps(row, sort_keys=True, ensure_ascii=False))
