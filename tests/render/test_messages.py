"""The script that keeps Heartbeat's messages whole, run by a real shell on a real file and a real FIFO."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from provisioning.render import messages
from provisioning.render.paths import SHELLFUNCS
from provisioning.simulator.heartbeat_words import AS_SHIPPED
from tests.pair import desired

LINES = [f"field{number}={'x' * 40}" for number in range(12)]
WRITERS = 60


@pytest.fixture
def functions(tmp_path: Path) -> Path:
    path = tmp_path / "shellfuncs"
    path.write_text(AS_SHIPPED.replace(". /usr/lib/ocf", "# . /usr/lib/ocf"))
    path.chmod(0o640)
    return path


def mend(functions: Path) -> None:
    script = functions.with_name("mend")
    script.write_text(str(messages.whole_messages(desired()).content).replace(SHELLFUNCS, str(functions)))
    subprocess.run(["sh", str(script)], check=True, timeout=30)


def sent(functions: Path, shell: str) -> str:
    """What arrives when many scripts send at once."""
    fifo = functions.with_name(f"fifo-{shell}")
    os.mkfifo(fifo)
    end = os.open(fifo, os.O_RDWR)
    arrived = bytearray()
    wanted = WRITERS * len(message())

    def read() -> None:
        while len(arrived) < wanted:
            arrived.extend(os.read(end, 65536))

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    line = f'HA_FIFO={fifo}; . {functions}; printf "%s\\n" {" ".join(LINES)} | ha_clustermsg'
    senders = [subprocess.Popen([shell, "-c", line]) for _ in range(WRITERS)]
    assert [sender.wait(60) for sender in senders] == [0] * WRITERS
    reader.join(30)
    os.close(end)
    return arrived.decode()


def message() -> str:
    return "\n".join([">>>", *LINES, "<<<", ""])


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_messages_sent_at_once_arrive_whole(functions: Path, shell: str) -> None:
    mend(functions)
    assert sent(functions, shell) == message() * WRITERS


def test_the_package_s_lines_stay_and_a_second_run_changes_nothing(functions: Path) -> None:
    before = functions.read_text()
    mend(functions)
    after, inode = functions.read_text(), functions.stat().st_ino
    assert after == before + messages.block(desired())
    assert functions.stat().st_mode & 0o777 == 0o640
    mend(functions)
    assert (functions.read_text(), functions.stat().st_ino) == (after, inode)
    assert not list(functions.parent.glob("shellfuncs.*"))


def test_a_block_of_an_older_panel_is_replaced(functions: Path) -> None:
    before = functions.read_text()
    begin, *_, end = messages.block(desired()).splitlines()
    functions.write_text(f"{before}{begin}\nha_clustermsg() {{ old; }}\n{end}\n")
    mend(functions)
    assert functions.read_text() == before + messages.block(desired())
