"""How a file says that it is managed, and by what. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.steps import Text

SIGN = "managed by storagepanel"


@dataclass(frozen=True, slots=True)
class ManagedFile:
    """A file as it is meant to stand on a node."""

    path: str
    content: Text
    mode: str = "0644"

    @property
    def secret(self) -> bool:
        return bool(self.content.secret_names)


def header(cluster: str, what: str) -> str:
    """Begin a file: who manages it, what it is, and what happens to changes made by hand."""
    return (
        f"# {SIGN} for the cluster {cluster}: {what}\n"
        "# A change made here by hand stops the next job that would write this file.\n"
    )


def is_ours(text: str | None, cluster: str) -> bool:
    """Whether a file's text carries this cluster's sign, as a header or as a block."""
    return text is not None and any(f"{SIGN} for the cluster {cluster}{end}" in text for end in (":", "."))


def with_block(text: str | None, cluster: str, lines: str) -> str:
    """Put the cluster's marked block into a shared file; every other line stays byte for byte, a block already there is replaced in place."""
    begin, end = _marks(cluster)
    block = f"{begin}\n{lines.rstrip(chr(10))}\n{end}\n"
    old = text or ""
    start = old.find(begin)
    stop = old.find(end, start) if start >= 0 else -1
    if start >= 0 and stop >= 0:
        rest = old[stop + len(end) :]
        return old[:start] + block + rest.removeprefix("\n")
    glue = "" if not old or old.endswith("\n") else "\n"
    return old + glue + block


def without_block(text: str, cluster: str) -> str:
    """Take the cluster's block out again; what is left are the lines of others."""
    begin, end = _marks(cluster)
    start = text.find(begin)
    stop = text.find(end, start) if start >= 0 else -1
    if start < 0 or stop < 0:
        return text
    return text[:start] + text[stop + len(end) :].removeprefix("\n")


def _marks(cluster: str) -> tuple[str, str]:
    """The full stop ends the name: without it the block of `web` would be found in that of `web-files`."""
    return f"# begin: {SIGN} for the cluster {cluster}.", f"# end: {SIGN} for the cluster {cluster}."
