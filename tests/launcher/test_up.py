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


def test_a_first_start_prints_address_and_link_and_ctrl_c_ends_everything(installation: Installation) -> None:
    said = installation.up_in_foreground()

    address = f"http://127.0.0.1:{installation.port}"
    assert f"storagepanel is ready:  {address}/" in said
    link = re.search(rf"{address}/first-admin/\S+/", said)
    assert link and get(link[0])[0] == 200
    assert set(installation.wait_for_parts()) == {"redis", "web", "jobs", "probes", "beat"}
    assert installation.press_ctrl_c() == 0
    assert processes_of(installation.var) == []
    assert installation.panel("status").returncode == 3


def test_beat_queue_and_workers_are_heard_of(installation: Installation) -> None:
    installation.up()

    deadline = time.monotonic() + 40
    parts = {}
    while time.monotonic() < deadline and not (parts and all(part["alive"] for part in parts.values())):
        time.sleep(0.5)
        parts = json.loads(get(f"http://127.0.0.1:{installation.port}/healthz/")[1])["parts"]
    assert {name for name, part in parts.items() if part["alive"]} == {"jobs", "probes", "beat"}


def test_nobody_else_can_read_what_is_kept(installation: Installation) -> None:
    installation.up()
    installation.stop()

    others = {
        str(path) for path in [installation.var, *installation.var.rglob("*")]
        if stat.S_IMODE(path.lstat().st_mode) & 0o077 and "static" not in path.parts
    }  # fmt: skip
    assert others == set()


def test_a_second_start_changes_nothing(installation: Installation) -> None:
    installation.up()
    first = kept(installation.var)
    again = installation.panel("up", "--detach")
    assert again.returncode == 0
    assert f"already running: http://127.0.0.1:{installation.port}/" in again.stdout

    installation.stop()
    installation.up()
    assert kept(installation.var) == first


def kept(var: Path) -> dict[str, bytes | float]:
    keys = {path.name: path.read_bytes() for path in (var / "keys").iterdir()}
    return {**keys, "static": (var / "static").stat().st_mtime}


def test_what_dies_comes_back(installation: Installation) -> None:
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
    assert get(f"http://127.0.0.1:{installation.port}/healthz/")[0] == 200


def test_killing_the_launcher_leaves_nothing_behind(installation: Installation) -> None:
    installation.up()
    installation.wait_for_parts()
    launcher = json.loads((installation.var / "run" / "running.json").read_text())["pid"]

    os.kill(launcher, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and processes_of(installation.var):
        time.sleep(0.2)

    assert processes_of(installation.var) == []
    installation.up()


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    deep = Installation(tmp_path / ("long" * 30) / "var")
    try:
        deep.up()
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


def test_a_password_file_replaces_the_link(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct horse battery\n")
    made = Installation(tmp_path / "var", PANEL_ADMIN_PASSWORD_FILE=str(password))
    try:
        assert "first-admin" not in made.up()
    finally:
        made.stop()


def test_createadmin_ends_the_link_before(installation: Installation) -> None:
    first = re.search(r"/first-admin/\S+/", installation.up())
    second = re.search(r"/first-admin/\S+/", installation.panel("createadmin").stdout)
    assert first and second
    address = f"http://127.0.0.1:{installation.port}"
    assert get(address + first[0])[0] == 410
    assert get(address + second[0])[0] == 200


def test_logs_name_the_parts_there_are(installation: Installation) -> None:
    installation.up()
    assert "supervisord started" in installation.panel("logs", "supervisor", "-n", "50").stdout
    wrong = installation.panel("logs", "nonsense")
    assert wrong.returncode == 2 and "jobs" in wrong.stderr


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
