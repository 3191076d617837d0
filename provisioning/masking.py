"""A pair's secrets taken out of what its nodes print, before any of it is kept or shown. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from provisioning.transport.world import Result

NOT_SHOWN = "(secret, not shown)"
SHORTEST = 8  # characters: a line of a key that is shorter tells nothing, and would be found everywhere
CUT = re.compile(r"(\n\[\d+ bytes left out\]\n)")  # what the node puts between head and tail of a long output


class Mask:
    """Takes these secrets out of texts; of a private key, each of its lines."""

    def __init__(self, secrets: Iterable[bytes] = ()) -> None:
        lines = {line for secret in secrets for line in secret.decode("utf-8", "replace").splitlines()}
        hidden = (line for line in lines if len(line) >= SHORTEST and not line.startswith("-----"))
        self._secrets = sorted(hidden, key=len, reverse=True)

    def __call__(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, NOT_SHOWN)
        return text

    def result(self, result: Result) -> Result:
        hide = self._around_the_cut if result.truncated else self
        return replace(result, stdout=hide(result.stdout), stderr=hide(result.stderr))

    def begun(self, text: str) -> int:
        """How many characters at the end may be the beginning of a secret."""
        return max((self._overlap(text, secret) for secret in self._secrets), default=0)

    def _around_the_cut(self, text: str) -> str:
        """A long output is cut on the node, maybe in the middle of a secret."""
        head, *more = CUT.split(self(text), maxsplit=1)
        if not more:
            return head
        note, tail = more
        ended = max((self._overlap(tail[::-1], secret[::-1]) for secret in self._secrets), default=0)
        head, tail = _without_end(head, self.begun(head)), _without_end(tail[::-1], ended, NOT_SHOWN[::-1])[::-1]
        return head + note + tail

    @staticmethod
    def _overlap(text: str, secret: str) -> int:
        longest = min(len(text), len(secret) - 1)
        return next((n for n in range(longest, 0, -1) if text.endswith(secret[:n])), 0)


def _without_end(text: str, length: int, mark: str = NOT_SHOWN) -> str:
    return text[:-length] + mark if length >= SHORTEST else text


class Flow:
    """Output that arrives in pieces: what may be the beginning of a secret waits for the next one."""

    def __init__(self, mask: Mask) -> None:
        self._mask, self._held = mask, ""

    def more(self, text: str) -> str:
        text = self._mask(self._held + text)
        safe = len(text) - self._mask.begun(text)
        self._held = text[safe:]
        return text[:safe]
