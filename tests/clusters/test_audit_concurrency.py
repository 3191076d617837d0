"""Many writers at once leave numbers without a gap and a chain that verifies; runs on SQLite and PostgreSQL."""

from __future__ import annotations

import pytest
from django.db import transaction

from clusters import audit
from clusters.models import AuditEntry
from tests.services import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


class Undone(Exception):
    """Rolls a transaction back."""


def write(number: int) -> None:
    try:
        with transaction.atomic():
            audit.record(actor=f"writer {number}", action="test", text="one of many", outcome="done")
            if number % 5 == 0:
                raise Undone
    except Undone:
        pass


def test_numbers_have_no_gap_when_many_write_and_some_roll_back() -> None:
    in_threads(write, range(60), threads=6)
    assert list(AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)) == list(range(1, 49))
    assert audit.verify() == []
