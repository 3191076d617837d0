"""The awk program that counts on the node, run over files as the kernel writes them: bounded however much a client holds."""

from __future__ import annotations

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioning.facts import clients
from provisioning.facts.nfs import running

INFO = 'address: "192.0.2.50:825"\nstatus: confirmed\nseconds from last renew: 3\nname: "Linux NFSv4.2 web1"\nminor version: 2\n'
OPEN = '- 0x01: {{ type: open, access: rw, deny: --, superblock: "fd:02:{0}", filename: "dir/file{0}", owner: "open id:\\x00" }}\n'
LOCK = '- 0x02: {{ type: lock, superblock: "fd:02:{0}", filename: "dir/file{0}", owner: "lock id:\\x00" }}\n'


@pytest.fixture
def ask(tmp_path: Path):
    """Run the program over invented files; the paths in its answer are the real ones again."""

    def answer(states: str, locks: str = ""):
        folder = tmp_path / "proc/fs/nfsd/clients/7"
        folder.mkdir(parents=True)
        (folder / "info").write_text(INFO)
        (folder / "states").write_text(states)
        (tmp_path / "proc/locks").write_text(locks)
        (tmp_path / "mountinfo").write_text(
            "131 24 253:2 / /srv/media rw,relatime shared:69 - xfs /dev/mapper/vg-media rw\n"
        )
        program = clients.PROGRAM.replace('"/proc/locks"', f'"{tmp_path}/proc/locks"')
        files = [
            str(folder / "info"),
            str(folder / "states"),
            str(tmp_path / "is-not-there"),
            str(tmp_path / "mountinfo"),
        ]
        ran = subprocess.run(["awk", program, *files], capture_output=True, text=True, check=True)
        text = ran.stdout.replace(f"{tmp_path}/mountinfo", clients.MOUNTINFO).replace(str(tmp_path), "")
        return clients.parse(SimpleNamespace(exit=0, stdout=text, stderr="", truncated=False)), text

    return answer


def test_a_lock_counts_only_while_the_kernel_has_it(ask) -> None:
    (client,), _ = ask(
        OPEN.format(12) + LOCK.format(12) + LOCK.format(13), "3: POSIX  ADVISORY  WRITE 2459 fd:02:12 0 EOF\n"
    )
    (use,) = client.uses
    assert (use.mount, use.opens, use.locks, use.files) == ("/srv/media", 1, 1, ("dir/file12",))


def test_a_hundred_thousand_open_files_cost_a_few_lines(ask) -> None:
    (client,), text = ask("".join(OPEN.format(number) for number in range(100_000)))
    assert client.uses[0].opens == 100_000
    assert len(client.uses[0].files) == clients.NAMES
    assert len(text) < 1000


def test_a_name_with_a_line_break_makes_no_other_client(ask) -> None:
    hostile = (
        '- 0x01: { type: open, access: rw, deny: --, superblock: "fd:02:9", filename: "a\n=open fd:02 999999\n" }\n'
    )
    (client,), _ = ask(hostile)
    assert client.uses[0].opens == 1


def test_what_the_server_runs_with() -> None:
    seen = running("+3 +4 +4.1 +4.2\n", "15\n", "15\n")
    assert (seen.versions, seen.grace, seen.lease) == (("3", "4.0", "4.1", "4.2"), 15, 15)
    assert running("+3 +4 -4.0 +4.1 +4.2", "90", "90").versions == ("3", "4.1", "4.2")
    assert running("-3 +4 +4.1 -4.2", "90", "90").versions == ("4.0", "4.1")
    assert running("+3 -4 -4.1 -4.2", "90", "90").versions == ("3",)
