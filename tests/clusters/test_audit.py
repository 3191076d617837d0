"""The audit log: one writer, a chain, and a verifier that names the first bad row."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import RequestFactory

from clusters import audit, audit_triggers
from clusters.models import AuditEntry, AuditHead, Cluster

pytestmark = pytest.mark.django_db


def five_entries(cluster: Cluster | None = None) -> list[AuditEntry]:
    return [
        audit.record(
            actor="ada", action="volume.create", text=f"Created volume number {number}", outcome="done", cluster=cluster,
            before=None, after={"size": number, "share": 0.5, "seen": datetime(2026, 11, 22, 12, 0)}, job=number,
            commands=[{"node": "alice", "command": "lvcreate --yes", "exit": 0}],
        )
        for number in range(1, 6)
    ]  # fmt: skip


def tamper(sql: str) -> None:
    """What somebody with the database's own password could do."""
    audit_triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute(sql)
    audit_triggers.install(connection)


def test_it_chains_entries_and_verifies(web_files: Cluster) -> None:
    first, second, *_ = five_entries(web_files)
    assert (first.sequence, first.previous_hash) == (1, audit.GENESIS)
    assert second.previous_hash == first.hash
    assert audit.verify() == []


def test_it_records_who_asked_and_from_where(ada: Any) -> None:
    request = RequestFactory().post("/", REMOTE_ADDR="10.10.0.9")
    request.user = ada
    request.request_id = "b1f2"  # type: ignore[attr-defined]
    entry = audit.record(action="sign-in", text="Signed in", outcome="done", request=request)
    assert (entry.actor, entry.actor_id, entry.remote_address, entry.request_id) == ("ada", ada.pk, "10.10.0.9", "b1f2")


def test_the_name_stays_after_the_account_and_the_cluster_are_gone(ada: Any, web_files: Cluster) -> None:
    audit.record(actor="ada", actor_id=ada.pk, action="x", text="x", outcome="done", cluster=web_files)
    ada.delete()
    web_files.exports.all().delete()
    web_files.delete()
    entry = AuditEntry.objects.get()
    assert (entry.actor, entry.cluster_name) == ("ada", "web-files")
    assert audit.verify() == []


def test_text_that_a_database_would_refuse_or_cut_is_kept_readable() -> None:
    entry = audit.record(action="x", text="a\x00b\ud800" + "c" * 500, outcome="refused", reason="r" * 401)
    entry.refresh_from_db()
    assert entry.text.startswith("a�b?c")
    assert len(entry.text) == len(entry.reason) == 400
    assert audit.verify() == []


@pytest.mark.parametrize(
    ("sql", "first_bad", "says"),
    [
        ("UPDATE clusters_auditentry SET text = 'Created nothing' WHERE sequence = 3", 3, "content"),
        ("UPDATE clusters_auditentry SET after = '{\"size\": 7}' WHERE sequence = 2", 2, "content"),
        ("UPDATE clusters_auditentry SET actor = 'olga' WHERE sequence = 1", 1, "content"),
        ("UPDATE clusters_auditentry SET at = '2020-01-01T00:00:00+00:00' WHERE sequence = 4", 4, "content"),
        ("DELETE FROM clusters_auditentry WHERE sequence = 1", 1, "missing: 1 is gone"),
        ("DELETE FROM clusters_auditentry WHERE sequence IN (2, 3)", 2, "missing: 2 to 3"),
        ("DELETE FROM clusters_auditentry WHERE sequence >= 4", 4, "the log ends at 3 but 5"),
        ("DELETE FROM clusters_auditentry", 1, "the log ends at 0"),
    ],
)
def test_it_names_the_first_row_that_was_changed_or_removed(sql: str, first_bad: int, says: str) -> None:
    five_entries()
    tamper(sql)
    problems = audit.verify()
    assert problems[0].sequence == first_bad
    assert says in problems[0].text
    with pytest.raises(CommandError, match=f"First bad row: entry {first_bad}"):
        call_command("audit_verify")


def test_it_names_rows_that_changed_places() -> None:
    five_entries()
    tamper("UPDATE clusters_auditentry SET sequence = 99 WHERE sequence = 2")
    tamper("UPDATE clusters_auditentry SET sequence = 2 WHERE sequence = 3")
    tamper("UPDATE clusters_auditentry SET sequence = 3 WHERE sequence = 99")
    assert audit.verify()[0].sequence == 2


def test_a_rewritten_last_row_does_not_fit_the_head() -> None:
    entry = five_entries()[-1]
    entry.text = "Created nothing"
    forged = audit.digest(audit.as_row(entry))
    tamper(f"UPDATE clusters_auditentry SET text = 'Created nothing', hash = '{forged}' WHERE sequence = 5")  # noqa: S608
    assert [problem.sequence for problem in audit.verify()] == [5]


@pytest.mark.parametrize("verb", ["UPDATE clusters_auditentry SET text = 'x'", "DELETE FROM clusters_auditentry"])
def test_the_database_refuses_to_change_or_remove_entries(verb: str) -> None:
    five_entries()
    with (
        pytest.raises(DatabaseError, match="never changed or removed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(verb)
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.all().delete()
    with pytest.raises(TypeError):
        AuditEntry.objects.all()[0].delete()
    assert audit.verify() == []


def test_what_cannot_be_recorded_does_not_happen(web_files: Cluster) -> None:
    AuditHead.objects.all().delete()
    with pytest.raises(audit.AuditUnwritable), transaction.atomic():
        Cluster.objects.filter(pk=web_files.pk).update(labels="gone")
        audit.record(action="cluster.label", text="Labelled", outcome="done", cluster=web_files)
    web_files.refresh_from_db()
    assert web_files.labels == ""


@pytest.mark.django_db(transaction=True)
def test_it_refuses_outside_a_transaction() -> None:
    with pytest.raises(audit.AuditUnwritable):
        audit.record(action="x", text="x", outcome="done")


def test_an_export_verifies_without_the_database(tmp_path: Path, web_files: Cluster) -> None:
    five_entries(web_files)
    out = io.StringIO()
    call_command("audit_export", stdout=out)
    export = tmp_path / "audit.jsonl"
    export.write_text(out.getvalue())
    call_command("audit_verify", file=export, stdout=io.StringIO())
    lines = out.getvalue().splitlines()
    assert len(lines) == 5
    changed = {**json.loads(lines[2]), "actor": "olga"}
    export.write_text("\n".join([*lines[:2], json.dumps(changed), *lines[3:]]))
    with pytest.raises(CommandError, match="First bad row: entry 3"):
        call_command("audit_verify", file=export)


def test_a_log_rewritten_as_a_whole_does_not_match_an_earlier_export(tmp_path: Path) -> None:
    five_entries()
    out = io.StringIO()
    call_command("audit_export", stdout=out)
    export = tmp_path / "audit.jsonl"
    export.write_text(out.getvalue())
    tamper("DELETE FROM clusters_auditentry")
    AuditHead.objects.update(sequence=0, hash=audit.GENESIS)
    five_entries()
    assert audit.verify() == []
    with pytest.raises(CommandError, match="First bad row: entry 1"):
        call_command("audit_verify", against=export)
