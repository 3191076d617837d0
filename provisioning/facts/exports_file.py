"""Files of exports(5) that others wrote: /etc/exports and what lies beside ours in exports.d. Read as exportfs reads them, never written.

`host (rw)`, with the blank, gives `host` the defaults and everybody the brackets: that is what it means, so it is read so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from provisioning.facts.answers import Answer, lines, refuse, stdout
from provisioning.facts.texts import LINES
from provisioning.observed import ExportLine
from provisioning.render.paths import EXPORTS, EXPORTS_DIRECTORY

OURS = EXPORTS.removeprefix(f"{EXPORTS_DIRECTORY}/")  # its text is read with the panel's other files
GREP_DIRECTORY = (
    "grep", "--text", "--with-filename", "--no-messages", "--dereference-recursive", "--include=*.exports",
    f"--exclude={OURS}", f"--max-count={LINES}", "--regexp=", "--", EXPORTS_DIRECTORY,
)  # fmt: skip
GLUE = re.compile(r"\\\n[ \t]*")  # stands for one blank, within quotes as well
OCTAL = re.compile(r"\\[0-3][0-7]{2}")
# A comment begins where a word could, and nothing makes it go on in the next line. Quotes open and close anywhere in a word.
PART = re.compile(
    rf"""\#[^\n]* | (?P<word> (?: "[^"]*"? | \\(?!\n) | [^\s"\\] )+ ) | (?P<end>\n) | {GLUE.pattern} | [ \t] | (?P<odd>\s)""",
    re.ASCII | re.VERBOSE,
)


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
    for number, (directory, *clients) in _lines(text):
        defaults = ""
        if not clients or clients[-1].startswith("-"):
            clients.append("")  # everybody
        for word in clients:
            if word.startswith("-"):
                defaults = word[1:]
                continue
            client, bracket, rest = word.partition("(")
            given = rest.rstrip(")") if bracket else ""
            options = tuple(option for option in f"{defaults},{given}".split(",") if option)
            yield ExportLine(
                path, number, directory.rstrip("/") or "/", client or "*", options, blank=bool(bracket) and not client
            )


def goes_on(line: str) -> bool:
    """Whether exportfs would read the next line as part of this one: after a backslash, or within quotes."""
    return any("\n" in part[0] for part in PART.finditer(f"{line}\n") if not part["end"])


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the words of each line, with its number, as nfs-utils 2.6.2 takes them apart (`xgettok` and `xskip` of its xio.c)."""
    number, start, words = 1, 1, list[str]()
    for part in PART.finditer(text):
        if part["word"]:
            start = start if words else number
            words.append(_word(part["word"]))
        elif part["end"] and words:
            yield start, words
            words = []
        if words[:1] == [""] or (part["odd"] and not words):
            return  # where a path should stand: exportfs takes it for the end of the file
        number += part[0].count("\n")
    if words:
        yield start, words


def _word(raw: str) -> str:
    """Take the quotes away and undo \\040, also what becomes one by that."""
    if "\\" not in raw:
        return raw.replace('"', "")
    word = ""
    for char in GLUE.sub(" ", raw).replace('"', ""):
        word += char
        if OCTAL.fullmatch(word[-4:]):
            word = word[:-4] + chr(int(word[-3:], 8))
    return word
