"""docs/hazards.md and the code name the same findings."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/hazards.md").read_text()
SOURCES = "\n".join(
    path.read_text()
    for folder in ("provisioning/checks", "provisioning/plans", "clusters")
    for path in sorted((ROOT / folder).rglob("*.py"))
)
ROWS = {int(number): line for line in PAGE.splitlines() for number in re.findall(r"^\| (\d+) \|", line)}


def test_every_row_is_there() -> None:
    assert sorted(ROWS) == list(range(1, 28))


def test_every_code_on_the_page_is_in_the_code() -> None:
    named = {code for line in ROWS.values() for code in re.findall(r"`([a-z-]+\.[a-z0-9-]+)`", line)}
    assert [code for code in sorted(named) if f'"{code}"' not in SOURCES] == []


def test_every_finding_of_the_checks_is_on_the_page() -> None:
    checks = "\n".join(path.read_text() for path in sorted((ROOT / "provisioning/checks").glob("*.py")))
    made = set(re.findall(r'"((?:[a-z-]+)\.(?:[a-z0-9-]+))"', checks))
    families = set(re.findall(r"`([a-z-]+)\.\*`", PAGE))
    absent = [
        code
        for code in sorted(made)
        if not code.endswith(".service") and f"`{code}`" not in PAGE and code.split(".")[0] not in families
    ]
    assert absent == []
