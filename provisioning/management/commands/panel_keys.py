from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.core.management.utils import get_random_secret_key
from nacl.public import PrivateKey

from provisioning import sealed


class Command(BaseCommand):
    help = "Make the panel's secrets on the first start: secret key, the workers' key pair, the panel's SSH key. Changes nothing later."

    def handle(self, *args: Any, **options: Any) -> None:
        keys = settings.VAR_DIR / "keys"
        keys.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(keys / "secret-key", get_random_secret_key())
        if not settings.WORKER_PUBLIC_KEY:
            settings.WORKER_PUBLIC_KEY = _worker_keys(settings.WORKER_PRIVATE_KEY_FILE, keys / "worker.pub")
        self.stdout.write(sealed.make_panel_key())


def _worker_keys(private: Path, public: Path) -> str:
    """Make the pair; a public half that was lost is made again from the private one."""
    _write_once(private, base64.b64encode(bytes(PrivateKey.generate())).decode())
    try:
        key = PrivateKey(base64.b64decode(private.read_text()))
    except ValueError:
        raise CommandError(f"{private} is not a key of the panel. Restore it from the backup.") from None
    _write_once(public, base64.b64encode(bytes(key.public_key)).decode())
    return public.read_text().strip()


def _write_once(path: Path, text: str) -> None:
    """Write the file whole and readable by its owner only, unless it exists; two that start at once agree on one."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(aside)
    except FileExistsError:
        pass
    finally:
        aside.unlink()
