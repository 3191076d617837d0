"""The keys of a backup: where this installation has each of them, and whether one that is not in var is the backup's."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its file in an archive, which is also its usual one below var, and the setting that may name another place."""

    file: str
    setting: str

    @property
    def elsewhere(self) -> str:
        """The variable that says where the key is, when that is not the usual file."""
        # The workers' private key is read from a file alone.
        if self.setting != "WORKER_PRIVATE_KEY" and os.environ.get(self.setting):
            return self.setting
        named = os.environ.get(f"{self.setting}_FILE")
        usual: Path = settings.VAR_DIR / self.file
        return f"{self.setting}_FILE" if named and Path(named).resolve() != usual.resolve() else ""

    @property
    def content(self) -> bytes:
        """The key in force. Only the workers' private key may be out of reach: OSError says why."""
        if self.setting == "WORKER_PRIVATE_KEY":
            return settings.WORKER_PRIVATE_KEY_FILE.read_bytes()
        return str(getattr(settings, self.setting)).encode()


KEYS = (
    Key("keys/secret-key", "SECRET_KEY"),
    Key("keys/worker.pub", "WORKER_PUBLIC_KEY"),
    Key("keys/worker.key", "WORKER_PRIVATE_KEY"),
)


def written() -> tuple[Key, ...]:
    """The keys a restore puts into var: another place is the administrator's, who may have closed it to this account."""
    return tuple(key for key in KEYS if not key.elsewhere)


def foreign(saved: Mapping[str, bytes]) -> str:
    """Say which keys have to be put in place by hand before this backup is any good here; "" when none has."""
    told = [text for key in KEYS if key.elsewhere and (text := _unlike(key, saved[key.file]))]
    if not told:
        return ""
    return (
        f"The backup's secrets would stay shut: {'; '.join(told)}. Take each of these files out of the backup "
        "(tar --extract --file BACKUP keys), put it where the variable says, readable by those who read it now, and restore again. "
        "Nothing has been changed."
    )


def _unlike(key: Key, saved: bytes) -> str:
    try:
        same = key.content.strip() == saved.strip()
    except OSError as error:
        return f"{key.elsewhere} names a file that cannot be read ({error}), the backup has {key.file}"
    return "" if same else f"{key.elsewhere} gives another key than the backup's {key.file}"
