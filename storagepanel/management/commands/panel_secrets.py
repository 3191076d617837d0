"""The secrets of an installation in containers, as files; ./panel up has no need of it."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from nacl.public import PrivateKey

# The accounts that read them inside the containers; a file secret keeps the owner it has on the host.
PANEL, DATABASE, QUEUE = 10001, 999, 999


class Command(BaseCommand):
    help = "Write fresh secrets for docker-compose.yml into an empty directory; as root, each belongs to the account that reads it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        directory.mkdir(parents=True, exist_ok=True)
        if any(directory.iterdir()):
            raise CommandError(f"{directory} is not empty. Secrets are made once: who loses them loses the fleet.")
        for name, owner, text in contents():
            path = directory / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "w") as file:
                file.write(f"{text}\n")
            if os.getuid() == 0:
                os.chown(path, owner, owner)
        self.stdout.write(f"Seven secrets are in {directory}. Keep a copy where a lost disk does not reach it.")


def contents() -> list[tuple[str, int, str]]:
    key = PrivateKey.generate()
    database, queue = secrets.token_hex(24), secrets.token_hex(24)
    return [
        ("secret-key", PANEL, secrets.token_urlsafe(50)),
        ("worker.key", PANEL, base64.b64encode(bytes(key)).decode()),
        ("worker.pub", PANEL, base64.b64encode(bytes(key.public_key)).decode()),
        ("database-url", PANEL, f"postgres://panel:{database}@postgres:5432/panel"),
        ("redis-url", PANEL, f"redis://:{queue}@redis:6379/0"),
        ("postgres-password", DATABASE, database),
        ("redis.conf", QUEUE, f"requirepass {queue}"),
    ]
