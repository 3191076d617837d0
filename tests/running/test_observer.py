"""The observer's eye against servers that speak ONC RPC as nfsd and rpc.mountd do, and against others."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from provisioning import observer
from provisioning.transport.world import Result, Unreachable
from tests.running.fakes import BOB, FakeWorld


@contextmanager
def server(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """Answer each record on one connection after the other, cut in two fragments."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, suppress(ConnectionError):  # who does not believe an answer hangs up on it
                while head := connection.recv(4):
                    call = connection.recv(struct.unpack(">I", head)[0] & 0x7FFFFFFF)
                    if not (reply := answer(call)):
                        break
                    half = len(reply) // 2
                    connection.sendall(struct.pack(">I", half) + reply[:half])
                    connection.sendall(struct.pack(">I", 0x80000000 | len(reply) - half) + reply[half:])

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()


def accepted(call: bytes, body: bytes = b"", status: int = 0) -> bytes:
    return call[:4] + struct.pack(">5I", 1, 0, 0, 0, status) + body


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack(">I", len(raw)) + raw + b"\0" * (-len(raw) % 4)


def program(call: bytes) -> tuple[int, int, int]:
    return struct.unpack(">3I", call[12:24])


def test_nfs_answers() -> None:
    with server(accepted) as port:
        assert observer.look("127.0.0.1", port=port).answers


def test_a_server_of_version_3_only() -> None:
    with server(lambda call: accepted(call, status=0 if program(call)[1] == 3 else 2)) as port:
        assert observer.look("127.0.0.1", port=port).answers


def test_the_export_list(monkeypatch: pytest.MonkeyPatch) -> None:
    yes, no = struct.pack(">I", 1), struct.pack(">I", 0)
    exports = (
        yes + text("/srv/web files") + yes + text("10.10.0.0/24") + yes + text("bob") + no
        + yes + text("/srv/mé") + no + no
    )  # fmt: skip

    def mount(call: bytes) -> bytes:
        assert program(call) == (observer.MOUNT, 3, 5)
        return accepted(call, exports)

    with server(mount) as mount_port, server(lambda call: accepted(call, struct.pack(">I", mount_port))) as port:
        assert observer.export_list("127.0.0.1", port=port) == ("/srv/web files", "/srv/mé")


@pytest.mark.parametrize("named", [True, False], ids=["the port of another version is named", "none is named"])
def test_the_export_list_of_a_server_without_version_3(named: bool) -> None:
    """As rpcinfo of a node shows it: versions 1 and 2 of MOUNT, not 3. Asked for that one, rpcbind names the port of another."""

    def port_of(call: bytes) -> bytes:
        return accepted(call, struct.pack(">I", mount_port if named or call[44:48] == struct.pack(">I", 1) else 0))

    def mount(call: bytes) -> bytes:
        if program(call)[1] == 3:
            return accepted(call, status=2)
        assert program(call) == (observer.MOUNT, 1, 5)
        return accepted(call, struct.pack(">I", 1) + text("/srv/homes") + struct.pack(">I", 0) * 2)

    with server(mount) as mount_port, server(port_of) as port:
        assert observer.export_list("127.0.0.1", port=port) == ("/srv/homes",)


def test_without_a_list_only_the_answer_counts_where_none_is_sure() -> None:
    seen = observer.Seen("bob", True, None, "its mount service is not registered")
    assert seen.proves(("/srv/homes",), listed=False) and not seen.proves(("/srv/homes",))
    assert not observer.Seen("bob", True, ()).proves(("/srv/homes",), listed=False)
    assert not observer.Seen("bob", False, None).proves((), listed=False)


def test_no_mount_service() -> None:
    with (
        server(lambda call: accepted(call, struct.pack(">I", 0))) as port,
        pytest.raises(observer.RpcError, match="not registered"),
    ):
        observer.export_list("127.0.0.1", port=port)


@pytest.mark.parametrize("reply", [b"", b"HTTP/1.0 400 Bad Request", b"\0" * 24])
def test_something_that_is_not_nfs(reply: bytes) -> None:
    with server(lambda call: reply) as port:
        seen = observer.look("127.0.0.1", port=port, place="bob")
    assert not seen.answers and seen.why and "bob: no answer" in str(seen)


def test_nobody_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "refused" in observer.look("127.0.0.1", port=port).why


def test_from_another_machine() -> None:
    world = FakeWorld()
    world.answers["rpcinfo -T tcp 10.10.0.50 nfs 4"] = [Result(0, "program 100003 version 4 ready and waiting\n")]
    world.answers["rpcinfo -T tcp 10.10.0.50 nfs 3"] = [Result(0, "program 100003 version 3 ready and waiting\n")]
    world.answers["showmount --exports --no-headers 10.10.0.50"] = [Result(0, "/srv/web files 10.10.0.0/24\n/srv/b (everyone)\n")]  # fmt: skip
    seen = observer.look_from(world, BOB, "10.10.0.50")
    assert seen == observer.Seen("bob", True, ("/srv/web files", "/srv/b"))
    assert seen.proves(("/srv/b",)) and not seen.proves(("/srv/c",))


def test_from_another_machine_that_is_away() -> None:
    world = FakeWorld()
    world.answers["rpcinfo -T tcp 10.10.0.50 nfs 4"] = [Unreachable("bob", "no route")]
    assert observer.look_from(world, BOB, "10.10.0.50") == observer.Seen("bob", False, None, "no route")


@pytest.mark.parametrize(("four", "three", "answers"), [(0, 1, True), (1, 0, True), (1, 1, False)])
def test_from_another_machine_either_version_is_an_answer(four: int, three: int, answers: bool) -> None:
    world = FakeWorld()
    for version, code in (("4", four), ("3", three)):
        said = "" if code == 0 else f"program 100003 version {version} is not available\n"
        world.answers[f"rpcinfo -T tcp 10.10.0.50 nfs {version}"] = [Result(code, "", said)]
    why = "clnt_create: RPC: Program not registered"
    world.answers["showmount --exports --no-headers 10.10.0.50"] = [Result(1, "", f"{why}\n")]
    seen = observer.look_from(world, BOB, "10.10.0.50")
    assert (seen.answers, seen.exports) == (answers, None)
    assert seen.proves(()) is answers
    assert not seen.proves(("/srv/b",))
