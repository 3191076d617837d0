"""Rows as CSV, written while they are read. A cell that a spreadsheet would run as a formula is written as text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence

from django.http import StreamingHttpResponse

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide ones count too
GUARD = "'"


class _Line:
    """What the csv module writes to; gives each line back."""

    def write(self, line: str) -> str:
        return line


def guarded(value: object) -> str:
    """A number stays one; a text that begins like a formula gets a quotation mark in front, which `bare` takes off again."""
    text = "" if value is None else str(value)
    if isinstance(value, (int, float)) or not text.startswith(FORMULA):
        return text
    return GUARD + text


def bare(text: str) -> str:
    return text[1:] if text.startswith(GUARD) and text[1:].startswith(FORMULA) else text


def lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield writer.writerow(head)
    for row in rows:
        yield writer.writerow([guarded(value) for value in row])


def response(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(lines(head, rows), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    answer["Cache-Control"] = "no-store"
    return answer
