"""A backup is one tar file: manifest.json, the database, and the keys without which the database's secrets stay shut."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import subprocess
import tarfile
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from provisioning.models import Job
from storagepanel.archive_keys import KEYS, foreign, written

FORMAT = 1
DATABASE = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}


class ArchiveProblem(Exception):
    """Why a backup cannot be made or brought back, for the person at the terminal."""


def save(target: Path) -> None:
    """Write a backup to the new file `target`, complete or not at all; nobody else can read it at any moment."""
    with tempfile.TemporaryDirectory(prefix="storagepanel-backup-", dir=target.parent) as scratch:
        database = Path(scratch) / DATABASE[connection.vendor]
        dump(database)
        partial = Path(scratch) / "partial.tar"
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                add(archive, "manifest.json", json.dumps(manifest(), indent=1).encode())
                archive.add(database, database.name, filter=anonymous)
                for name, content in keys().items():
                    add(archive, name, content)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, target)


def manifest() -> dict[str, object]:
    applied = MigrationRecorder(connection).applied_migrations()
    return {
        "format": FORMAT,
        "made_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "database": connection.vendor,
        "migrations": sorted(".".join(key) for key in applied),
    }


def keys() -> dict[str, bytes]:
    """Return the keys as files below var, wherever this installation has them."""
    try:
        return {key.file: key.content for key in KEYS}
    except OSError as error:
        text = f"The workers' private key cannot be read ({error}): a backup without it could not reach a single node."
        raise ArchiveProblem(text) from error


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(content), 0o600, int(time.time())
    archive.addfile(info, io.BytesIO(content))


def anonymous(info: tarfile.TarInfo) -> tarfile.TarInfo:
    info.uid = info.gid = 0
    info.uname = info.gname = ""
    info.mode = 0o600
    return info


def dump(path: Path) -> None:
    """Copy the database as it is at one moment, while others go on writing."""
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(database())) as live,
            closing(sqlite3.connect(path)) as copy,
        ):
            live.backup(copy)
        return
    postgresql("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={path}", database())


def database() -> str:
    return str(settings.DATABASES["default"]["NAME"])


def postgresql(*command: str) -> None:
    """Run one of PostgreSQL's programs on our database. The password goes by the environment, where no process list shows it."""
    known = settings.DATABASES["default"]
    env = dict(os.environ)
    for variable, key in (("PGHOST", "HOST"), ("PGPORT", "PORT"), ("PGUSER", "USER"), ("PGPASSWORD", "PASSWORD")):
        if known.get(key):
            env[variable] = str(known[key])
    try:
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)  # noqa: S603 - argv of our own
    except FileNotFoundError:
        raise ArchiveProblem(f"{command[0]} is missing: apt-get install postgresql-client") from None
    if done.returncode:
        raise ArchiveProblem(f"{command[0]} failed: {done.stderr.strip()[-800:]}")


def restore(source: Path, *, replace: bool) -> Path | None:
    """Bring a backup back; return where what was there before has been moved to, if anything was.

    1. Read and check the whole archive before anything is touched.
    2. Refuse when a key is configured to be elsewhere than in var and is not the backup's: those places are not ours to write.
    3. Refuse a place that holds a database or keys, unless told to replace them; then move them aside.
    4. Put keys and database in place and bring the database up to this version.
    """
    with opened(source) as archive:
        found = read_manifest(archive)
        wanted = {name: member(archive, name) for name in (*(key.file for key in KEYS), DATABASE[connection.vendor])}
    known = MigrationLoader(None).disk_migrations or {}
    if newer := set(found["migrations"]) - {".".join(key) for key in known}:
        raise ArchiveProblem(
            f"The backup is of a newer storagepanel (it has {sorted(newer)[0]}). Install that version first."
        )
    if problem := foreign(wanted):
        raise ArchiveProblem(problem)
    aside = make_room(replace=replace)
    for key in written():
        write(settings.VAR_DIR / key.file, wanted[key.file])
    load(wanted[DATABASE[connection.vendor]])
    return aside


def opened(source: Path) -> tarfile.TarFile:
    try:
        return tarfile.open(source)
    except tarfile.ReadError:
        raise ArchiveProblem(
            f"This is no backup of storagepanel: {source.name} is no tar file, or it is cut off."
        ) from None


def read_manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(member(archive, "manifest.json"))
    except ValueError:
        raise ArchiveProblem("This is no backup of storagepanel: its manifest cannot be read.") from None
    if found.get("format") != FORMAT:
        raise ArchiveProblem(f"The backup has format {found.get('format')}; this version reads {FORMAT}.")
    if found.get("database") != connection.vendor:
        raise ArchiveProblem(
            f"The backup is of a {found.get('database')} database; this installation has {connection.vendor}."
        )
    return found


def member(archive: tarfile.TarFile, name: str) -> bytes:
    """Read one file by its exact name. Nothing is ever unpacked by the names that an archive brings along."""
    try:
        file = archive.extractfile(archive.getmember(name))
    except KeyError:
        file = None
    if file is None:
        raise ArchiveProblem(f"This is no complete backup of storagepanel: {name} is missing in it.")
    return file.read()


def make_room(*, replace: bool) -> Path | None:
    var: Path = settings.VAR_DIR
    held = [path for key in written() if (path := var / key.file).exists()]
    if connection.vendor == "sqlite":
        stem = Path(database())
        held += [path for path in (stem, Path(f"{stem}-wal"), Path(f"{stem}-shm")) if path.exists()]
        if stem.exists() and not stem.stat().st_size:  # opened by a command, never filled
            stem.unlink()
            held.remove(stem)
    tables = connection.introspection.table_names() if connection.vendor == "postgresql" else []
    if not held and not tables:
        return None
    if not replace:
        what = held[0] if held else f"a database {database()} with {len(tables)} tables"
        raise ArchiveProblem(f"There is {what} already. Add --replace to have it moved aside and replaced.")
    aside = var / "backups" / time.strftime("replaced-%Y%m%d-%H%M%S", time.gmtime())
    aside.mkdir(parents=True, mode=0o700)
    if tables:
        dump(aside / DATABASE["postgresql"])
    connection.close()
    for path in held:
        path.rename(aside / path.name)
    return aside


def number_jobs_afresh() -> None:
    """Let new jobs count on from a number that no job had yet.

    Nodes know steps by their job's number. Jobs made after the backup are forgotten here but not there, so their numbers
    must not come again, not even when the same backup is restored twice: minutes since 2020 only grow.
    """
    table = Job._meta.db_table
    minutes = int((time.time() - 1577836800) // 60)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT setval(pg_get_serial_sequence(%s, 'id'), %s)", [table, minutes])
            return
        cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
        cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, minutes])


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)


def load(content: bytes) -> None:
    if connection.vendor == "sqlite":
        write(Path(database()), content)
        return
    with tempfile.NamedTemporaryFile(suffix=".pgdump") as file:
        file.write(content)
        file.flush()
        postgresql("pg_restore", "--clean", "--if-exists", "--no-owner", "--no-privileges", "--single-transaction",
                   f"--dbname={database()}", file.name)  # fmt: skip
