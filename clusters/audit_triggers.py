"""Database triggers that refuse to change or remove audit rows, whoever asks. Installed by a migration."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "clusters_auditentry"
_REFUSAL = "audit entries are never changed or removed"

_SQLITE = {
    f"{TABLE}_{verb.lower()}": (
        f"CREATE TRIGGER {TABLE}_{verb.lower()} BEFORE {verb} ON {TABLE} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
    )
    for verb in ("UPDATE", "DELETE")
}

_POSTGRESQL = (
    f"""CREATE OR REPLACE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION '{_REFUSAL}'; END $$""",
    f"CREATE TRIGGER {TABLE}_rows BEFORE UPDATE OR DELETE ON {TABLE} FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()",
    f"CREATE TRIGGER {TABLE}_truncate BEFORE TRUNCATE ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()",
)


def install(connection: BaseDatabaseWrapper) -> None:
    statements = tuple(_SQLITE.values()) if connection.vendor == "sqlite" else _POSTGRESQL
    _execute(connection, statements)


def remove(connection: BaseDatabaseWrapper) -> None:
    if connection.vendor == "sqlite":
        _execute(connection, tuple(f"DROP TRIGGER IF EXISTS {name}" for name in _SQLITE))
    else:
        _execute(connection, (f"DROP FUNCTION IF EXISTS {TABLE}_refuse() CASCADE",))


def _execute(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
