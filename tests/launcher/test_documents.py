"""What the documents promise exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from storagepanel.launcher.__main__ import parser

ROOT = Path(__file__).parents[2]
READ_BY_CODE = re.compile(
    r"""(?:env\.\w+|secret|environ\.get|setdefault)\(\s*f?"([A-Z][A-Z_]+)["]|environ\["([A-Z_]+)"\]"""
)
# Of the system, of Django and of CI: not settings of the panel.
OTHERS = {"DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE", "CI", "REDIS_URL_FILE", "SECRET_KEY_FILE"}


def test_the_readme_lists_every_setting() -> None:
    sources = [ROOT / "panel", ROOT / "storagepanel" / "settings.py", *(ROOT / "storagepanel").rglob("*.py")]
    read = {name for path in sources for pair in READ_BY_CODE.findall(path.read_text()) for name in pair if name}
    table = set(re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert read - OTHERS == table
    assert {"PANEL_URL", "DATABASE_URL", "PANEL_VENV"} <= table


def test_links_between_documents_lead_somewhere() -> None:
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    for document in documents:
        for target in re.findall(r"(?<!!)\[[^\]]*\]\((?!https?:)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_every_verb_of_the_readme_exists() -> None:
    verbs = set(re.findall(r"`\./panel (\w+)", (ROOT / "README.md").read_text()))
    for verb in verbs:
        with pytest.raises(SystemExit) as ended:
            parser().parse_args([verb, "--help"])
        assert ended.value.code == 0
    assert {"up", "test", "backup", "restore", "createadmin"} <= verbs
