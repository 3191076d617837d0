"""Users and groups that were asked for by name: what getent printed, here with one name, with several and with unknown ones."""

from __future__ import annotations

import subprocess

import pytest

from provisioning.facts import accounts
from provisioning.facts.answers import ParseError
from provisioning.observed import Account
from provisioning.transport.world import Result

ROOT, DAEMON = "root:x:0:0:root:/root:/bin/bash\n", "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"


@pytest.mark.parametrize(
    ("exit_code", "printed", "names", "numbers"),
    [
        (0, ROOT + DAEMON, ("root", "daemon"), [0, 1]),
        (2, DAEMON, ("nosuch", "daemon"), [None, 1]),
        (2, "", ("nosuch",), [None]),
        (0, ROOT.replace("root:x", "root@example.org:x"), ("root",), [0]),
    ],
)
def test_each_name_gets_its_number(
    exit_code: int, printed: str, names: tuple[str, ...], numbers: list[int | None]
) -> None:
    found = accounts.parse(Result(exit_code, printed, ""), "passwd", names)
    assert found == tuple(Account("passwd", name, one) for name, one in zip(names, numbers, strict=True))


@pytest.mark.parametrize(
    ("exit_code", "printed"), [(0, ""), (0, "root\n"), (0, "root:x:no:0\n"), (1, ""), (0, ROOT + DAEMON)]
)
def test_what_is_no_account_is_refused(exit_code: int, printed: str) -> None:
    with pytest.raises(ParseError):
        accounts.parse(Result(exit_code, printed, ""), "passwd", ("root",))


def test_getent_of_this_very_machine_answers_in_order() -> None:
    asked = (("passwd", "root"), ("group", "nosuch"), ("passwd", "daemon"), ("passwd", "root"))
    argv = accounts.getent("passwd", asked)
    run = subprocess.run(argv, capture_output=True, text=True, check=False)
    found = accounts.parse(Result(run.returncode, run.stdout, run.stderr), "passwd", argv[3:])
    assert found == (Account("passwd", "root", 0), Account("passwd", "daemon", 1))
    assert accounts.getent("group", (("passwd", "root"),)) == ()
