"""Resources that the files of a node define: name, minor, port. Read from the files, so that stale ones count and nothing runs.

`drbdadm dump` would print the shared secrets and fails as a whole on one bad file; here sed blanks the secrets before anything leaves the node.
Proven with the files of drbd-utils 9.22; 8.3's and 9's words that matter here (floating, path, volume) are read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from provisioning.facts.answers import Answer, absent, refuse, stdout

DIRECTORY = "/etc/drbd.d"
MAIN = "/etc/drbd.conf"
HIDE = r's/(shared-secret[[:space:]]*)("(\\.|[^"\\])*"|[^";[:space:]]+)/\1 hidden/g'
FIND = (
    "find", MAIN, DIRECTORY, "-maxdepth", "1", "(", "-name", "*.res", "-o", "-path", MAIN, ")",
    "-printf", "\\n# file %p\\n", "-exec", "sed", "--null-data", "--regexp-extended", f"--expression={HIDE}", "{}", ";",
)  # fmt: skip

MARK = "# file "
TOKEN = re.compile(r'#[^\n]*|"(?:[^"\\\n]|\\[^\n])*+"?|[{};\n]|[^\s#"{};]+')
ADDRESSED = ("address", "host", "floating")  # words that an address and port may follow
UNKNOWN = -1


@dataclass(slots=True)
class Resource:
    name: str
    minors: list[int] = field(default_factory=list)
    ports: list[int] = field(default_factory=list)

    def rows(self) -> Iterator[tuple[str, int, int]]:
        """Yield rows in which each minor and each port occurs; -1 stands for one that the file leaves out."""
        minors, ports = sorted(set(self.minors)) or [UNKNOWN], sorted(set(self.ports)) or [UNKNOWN]
        for at in range(max(len(minors), len(ports))):
            yield self.name, minors[min(at, len(minors) - 1)], ports[min(at, len(ports) - 1)]


@dataclass(slots=True)
class Reader:
    """Where the reading of the files stands."""

    file: str = DIRECTORY
    line: int = 0
    sections: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    found: list[Resource] = field(default_factory=list)

    def fail(self, why: str) -> ValueError:
        return refuse(f"{self.file}:{self.line}: {why}")

    def take(self, piece: str) -> None:
        if piece == "\n":
            self.line += 1
        elif piece.startswith("#"):
            if piece.startswith(MARK):
                self.next_file(piece.removeprefix(MARK))
        elif piece == "{":
            self.open()
        elif piece == "}":
            if self.words or not self.sections:
                raise self.fail("a } that closes nothing")
            self.sections.pop()
        elif piece == ";":
            self.statement()
        else:
            self.words.append(self.unquoted(piece))

    def unquoted(self, token: str) -> str:
        if not token.startswith('"'):
            return token
        if len(token) < 2 or not token.endswith('"'):
            raise self.fail("a quote is not closed")
        return token[1:-1]

    def next_file(self, path: str) -> None:
        if self.sections or self.words:
            raise self.fail("the file ends in the middle")
        self.file, self.line = path, 0

    def open(self) -> None:
        if not self.words:
            raise self.fail("a { without a name")
        kind = self.words[0]
        if kind == "resource" and not self.sections:
            if len(self.words) < 2:
                raise self.fail("a resource without a name")
            self.found.append(Resource(self.words[1]))
        elif kind in ADDRESSED and self.found and self.sections:
            self.ports_of(self.words)
        self.sections.append(kind)
        self.words = []

    def statement(self) -> None:
        words, self.words = self.words, []
        if not words or not self.sections or self.sections[0] != "resource":
            return
        if words[0] == "device" and "net" not in self.sections:
            self.found[-1].minors.append(self.minor(words))
        elif words[0] in ADDRESSED:
            self.ports_of(words)

    def minor(self, words: list[str]) -> int:
        """Read `device /dev/drbd1 minor 1`, `device minor 5`, `device /dev/drbd01`."""
        at = words.index("minor") + 1 if "minor" in words else 1
        text = words[at] if at < len(words) else ""
        digits = text[len(text.rstrip("0123456789")) :]
        if not digits or len(digits) > 7:
            raise self.fail("a device without a minor")
        return int(digits)

    def ports_of(self, words: list[str]) -> None:
        for word in words:
            port = word.rpartition(":")[2]
            if ":" in word and port.isascii() and port.isdigit() and len(port) <= 5 and not word.endswith("]"):
                self.found[-1].ports.append(int(port))


def parse(text: str) -> tuple[tuple[str, int, int], ...]:
    reader = Reader()
    for match in TOKEN.finditer(text):
        reader.take(match[0])
    reader.next_file("")
    return tuple(row for resource in reader.found for row in resource.rows())


def defined(answer: Answer) -> tuple[tuple[str, int, int], ...]:
    """Give what is defined; without drbd-utils there is neither file nor directory, and nothing is."""
    missing = absent(answer.stderr)
    text = stdout(answer, "find", exits=(0, 1))
    if answer.exit == 1 and not missing:
        stdout(answer, "find")
    return parse(text)
