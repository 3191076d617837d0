"""What must hold before the panel runs. `manage.py check` tells all of it; a part that is started as such refuses to run without it."""

from __future__ import annotations

import os
import stat
import zoneinfo
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register
from django.core.exceptions import ImproperlyConfigured

FALLBACK_KEY = "insecure-until-the-first-start"
WORKERS = ("jobs", "probes")
TAG = "panel"  # the checks of this file alone: Django's own read every page's code, which a start need not


def refuse_unsafe_start() -> None:
    """Stop this process if it is a part of the panel (PANEL_ROLE) and an error was found: nothing else would read it."""
    errors = [found for found in panel_checks() if found.is_serious()] if settings.ROLE else []
    if errors:
        raise ImproperlyConfigured(" ".join(f"{error.msg} {error.hint or ''}" for error in errors))


@register(TAG)
def panel_checks(app_configs: Sequence[AppConfig] | None = None, **kwargs: Any) -> list[CheckMessage]:
    return [*key_files(), *keys_of_role(settings.ROLE), *zone(), *plain_http()]


def key_files() -> list[CheckMessage]:
    """Check who may read the secrets. Files elsewhere (a container's secrets) may be shared with a group, not with everybody."""
    own = settings.VAR_DIR / "keys"
    secret_key = Path(os.environ.get("SECRET_KEY_FILE") or own / "secret-key")
    found: list[CheckMessage] = []
    for path in (secret_key, settings.WORKER_PRIVATE_KEY_FILE):
        mode = mode_of(path)
        forbidden = 0o077 if path.is_relative_to(own) else 0o007
        if mode & forbidden:
            text = f"{path} can be read or written by others (mode {mode:o})."
            found.append(
                Error(text, hint=f"chmod {'600' if forbidden == 0o077 else 'o='} {path}", id="storagepanel.E001")
            )
    return found


def mode_of(path: Path) -> int:
    try:
        return stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return 0


def keys_of_role(role: str) -> list[CheckMessage]:
    if not role:
        return []
    found: list[CheckMessage] = []
    if settings.SECRET_KEY == FALLBACK_KEY:
        hint = "Start with ./panel up, which makes one, or set SECRET_KEY or SECRET_KEY_FILE."
        found.append(Error("There is no SECRET_KEY: sessions could be forged.", hint=hint, id="storagepanel.E002"))
    private = settings.WORKER_PRIVATE_KEY_FILE
    if role == "web" and os.access(private, os.R_OK):
        hint = "Take the file away from the web's account, and point WORKER_PRIVATE_KEY_FILE of the web elsewhere."
        text = f"The web can read the workers' private key {private}."
        found.append(Error(text, hint=hint, id="storagepanel.E003"))
    if role in WORKERS and not os.access(private, os.R_OK):
        hint = "./panel up makes it once; if it is lost, ./panel restore brings it back from a backup."
        text = f"The worker cannot read its private key {private}: no node could be reached."
        found.append(Error(text, hint=hint, id="storagepanel.E004"))
    if not settings.WORKER_PUBLIC_KEY:
        hint = "./panel up makes it; in containers, name it with WORKER_PUBLIC_KEY_FILE."
        found.append(Error("The workers' public key is missing.", hint=hint, id="storagepanel.E005"))
    return found


def zone() -> list[CheckMessage]:
    if settings.DISPLAY_TIME_ZONE in zoneinfo.available_timezones():
        return []
    hint = "Use a name such as Europe/Berlin."
    text = f"PANEL_TIME_ZONE={settings.DISPLAY_TIME_ZONE} is no time zone."
    return [Error(text, hint=hint, id="storagepanel.E006")]


def plain_http() -> list[CheckMessage]:
    if not settings.BASE_URL or settings.HTTPS:
        return []
    hint = "Put a TLS proxy in front and write https:// in PANEL_URL; see docs/production.md."
    return [Warning("PANEL_URL is not https: passwords cross the network readable.", hint=hint, id="storagepanel.W007")]
