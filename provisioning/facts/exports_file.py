"""Files of exports(5) that others wrote: /etc/exports and what lies beside ours in exports.d. Read as exportfs reads them, never written.

`host (rw)`, with the blank, gives `host` the defaults and everybody the brackets: that is what it means, so it is read so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioning.facts.answers import Answer, lines, refuse, stdout, unescape
from provisioning.facts.texts import LINES
from provisioning.observed import ExportLine
from provisioning.render.paths import EXPORTS, EXPORTS_DIRECTORY

OURS = EXPORTS.removeprefix(f"{EXPORTS_DIRECTORY}/")  # its text is read with the panel's other files
GREP_DIRECTORY = (
    "grep", "--text", "--with-filename", "--no-messages", "--dereference-recursive", "--include=*.exports",
    f"--exclude={OURS}", f"--max-count={LINES}", "--regexp=", "--", EXPORTS_DIRECTORY,
)  # fmt: skip
TOKEN = re.compile(r'"[^"]*"\S*|\S+')


def beside(answer: Answer) -> tuple[tuple[str, str], ...]:
    """Give path and text of the other files that exportfs reads there; grep ends with 2 when there is no such directory."""
    gathered: dict[str, list[str]] = {}
    for line in lines(stdout(answer, "grep", exits=(0, 1, 2))):
        if not line:
            continue
        path, colon, content = line.partition(":")
        if not colon or not path.startswith(f"{EXPORTS_DIRECTORY}/"):
            raise refuse("a line of no file", line)
        name = path.removeprefix(f"{EXPORTS_DIRECTORY}/")
        if path != EXPORTS and "/" not in name and not name.startswith("."):
            gathered.setdefault(path, []).append(content)
    if long := next((path for path, each in gathered.items() if len(each) >= LINES), None):
        raise refuse(f"{long} is too long")
    return tuple((path, "".join(f"{each}\n" for each in content)) for path, content in sorted(gathered.items()))


def entries(path: str, text: str) -> Iterator[ExportLine]:
    """Read every client of every line. What exportfs would refuse is given as it stands: it is for findings, not for serving."""
    for number, line in _joined(text):
        words = TOKEN.findall(line)
        directory, defaults = unescape(words[0].replace('"', "")), ""
        clients = words[1:] or [""]
        for word in clients:
            if word.startswith("-"):
                defaults = word[1:]
                continue
            client, bracket, rest = word.partition("(")
            given = rest.rstrip(")") if bracket else ""
            options = tuple(option for option in f"{defaults},{given}".split(",") if option)
            yield ExportLine(
                path,
                number,
                directory.rstrip("/") or "/",
                unescape(client) or "*",
                options,
                blank=bool(bracket) and not client,
            )


def _joined(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines with what a backslash continues and without comments, each with the number of its first line."""
    begun, start = "", 0
    for number, raw in enumerate(lines(text), start=1):
        start = start or number
        if raw.endswith("\\"):
            begun += raw[:-1] + " "
            continue
        line = (begun + raw).split("#", 1)[0].strip()
        if line:
            yield start, line
        begun, start = "", 0
