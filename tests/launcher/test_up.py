"""`./panel up`, for real: processes, a Redis, a port."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.launcher.checkout import Installation, free_port, processes_of

pytestmark = pytest.mark.services


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def answers(port: int) -> bool:
    try:
        return get(f"http://127.0.0.1:{port}/healthz/")[0] == 200
    except OSError:
        return False


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """A panel that runs, for tests that leave it running; on an address the web does not know by itself, as one of the LAN."""
    made = Installation(tmp_path_factory.mktemp("running") / "var", host="127.0.0.2")
    made.first_words = made.up()
    yield made
    made.stop()


def test_the_first_start_prints_address_and_link(running: Installation) -> None:
    assert f"storagepanel is ready:  {running.address}/" in running.first_words
    assert re.search(rf"{running.address}/first-admin/\S+/", running.first_words)


def test_what_is_printed_is_answered(running: Installation) -> None:
    assert get(f"{running.address}/sign-in/")[0] == 200


@pytest.mark.parametrize(
    ("before", "address", "after"),
    [
        ("", "http://nas.example:8000", "nas.example"),
        ("panel.example,other.example", "http://192.0.2.7:8000", "panel.example,other.example,192.0.2.7"),
        ("", "http://[2001:db8::7]:8000", "[2001:db8::7]"),
        ("", "https://panel.example", "panel.example"),
    ],
)
def test_the_printed_host_is_one_the_web_answers_to(before: str, address: str, after: str) -> None:
    from django.http.request import split_domain_port, validate_host

    from storagepanel.launcher import up

    assert up.with_host(before, address) == after
    assert validate_host(split_domain_port(address.split("//")[1])[0], after.split(","))


def test_beat_queue_and_workers_are_heard_of(running: Installation) -> None:
    deadline = time.monotonic() + 60
    parts: dict[str, dict[str, object]] = {}
    while time.monotonic() < deadline and not (parts and all(part["alive"] for part in parts.values())):
        time.sleep(0.5)
        parts = json.loads(get(f"{running.address}/healthz/")[1])["parts"]
    assert {name for name, part in parts.items() if part["alive"]} == {"jobs", "probes", "beat"}


def mode(path: Path) -> int:
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:  # SQLite's -wal goes with the last connection
        return 0


def test_nobody_else_can_read_what_is_kept(running: Installation) -> None:
    others = {
        str(path) for path in [running.var, *running.var.rglob("*")]
        if mode(path) & 0o077 and "static" not in path.parts and not path.is_socket()
    }  # fmt: skip
    assert others == set()


def test_a_second_panel_on_the_same_var_is_not_started(running: Installation) -> None:
    again = running.panel("up", "--detach")
    assert again.returncode == 0
    assert f"already running: {running.address}/" in again.stdout


def test_createadmin_ends_the_link_before(running: Installation) -> None:
    first, second = (re.search(r"http://\S+/first-admin/\S+/", running.panel("createadmin").stdout) for _ in "ab")
    assert first and second
    assert get(first[0])[0] == 410
    assert get(second[0])[0] == 200


def test_logs_name_the_parts_there_are(running: Installation) -> None:
    assert "supervisord started" in running.panel("logs", "supervisor", "-n", "50").stdout
    wrong = running.panel("logs", "nonsense")
    assert wrong.returncode == 2 and "jobs" in wrong.stderr


def test_a_running_panel_is_backed_up_but_not_restored(running: Installation, tmp_path: Path) -> None:
    file = tmp_path / "fleet.tar"
    assert running.panel("backup", str(file)).returncode == 0
    refused = running.panel("restore", str(file), "--replace")
    assert refused.returncode == 1
    assert "./panel stop" in refused.stderr


def test_ctrl_c_ends_everything_and_a_second_start_changes_nothing(installation: Installation) -> None:
    assert "storagepanel is ready" in installation.up_in_foreground()
    assert set(installation.wait_for_parts()) == {"redis", "web", "jobs", "probes", "beat"}
    first = kept(installation.var)

    assert installation.press_ctrl_c() == 0

    assert processes_of(installation.var) == []
    assert installation.panel("status").returncode == 3
    installation.up()
    assert kept(installation.var) == first


def kept(var: Path) -> dict[str, bytes | float]:
    keys = {path.name: path.read_bytes() for path in (var / "keys").iterdir()}
    return {**keys, "static": (var / "static").stat().st_mtime}


def test_what_dies_comes_back_and_nothing_outlives_the_launcher(installation: Installation) -> None:
    installation.up()
    before = installation.wait_for_parts()

    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    after = before
    while time.monotonic() < deadline and (set(after) != set(before) or set(after.values()) & set(before.values())):
        time.sleep(0.5)
        after = installation.parts()
    assert set(after) == set(before)
    assert not set(after.values()) & set(before.values())
    while time.monotonic() < deadline and not answers(installation.port):
        time.sleep(0.2)
    assert answers(installation.port)

    os.kill(json.loads((installation.var / "run" / "running.json").read_text())["pid"], signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and processes_of(installation.var):
        time.sleep(0.2)
    assert processes_of(installation.var) == []


def test_a_path_too_long_for_a_socket_and_a_password_file_instead_of_the_link(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    deep = Installation(tmp_path / ("long" * 30) / "var", PANEL_ADMIN_PASSWORD_FILE=str(password))
    try:
        assert "first-admin" not in deep.up()
        assert "redis" in deep.wait_for_parts()
    finally:
        deep.stop()


def test_a_port_that_is_asked_for_and_taken_is_refused(installation: Installation) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = installation.panel("up", "--port", str(port))
    assert done.returncode == 69
    assert f"Port {port} on 127.0.0.1 is taken" in done.stderr


def test_it_takes_the_next_port_when_another_program_has_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from storagepanel.launcher import up

    first = free_port()
    monkeypatch.setattr(up, "FIRST_PORT", first)
    monkeypatch.setattr(up, "LAST_PORT", first + 20)
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        port, remark = up.choose_port(up.Options())
    assert first < port <= first + 20
    assert f"Port {first} is taken" in remark
