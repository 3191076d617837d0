"""Golden files: compare a text with the stored one, or store it when asked to (STORAGEPANEL_REWRITE_GOLDEN=1); then review the diff."""

from __future__ import annotations

import os
from pathlib import Path


def check(path: Path, text: str) -> None:
    if os.environ.get("STORAGEPANEL_REWRITE_GOLDEN") == "1":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert path.exists(), f"no golden file {path.name}; write it with STORAGEPANEL_REWRITE_GOLDEN=1"
    assert text == path.read_text()
