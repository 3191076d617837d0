"""The panel's file of exports beside what was set, and beside what a job began and did not end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.checks.served import unwritten
from provisioning.observed import FileState, NodeObserved
from provisioning.render import nfs
from provisioning.render.paths import EXPORTS
from tests.pair import desired, finished

WANTED = replace(desired(), exports=desired().exports[:1])
WRITTEN = str(nfs.exports(WANTED).content)
PATH = WANTED.exports[0].path
NEW = "/srv/new 192.0.2.1(rw)\n"
AS_SET = f"does not hold {PATH} as it was set."
BEGUN = "holds /srv/new, which was not published to its end."
GONE = f"does not hold {PATH} any more, and its withdrawal did not end."


def holding(text: str | None, digest: str | None = "a" * 64) -> NodeObserved:
    node = finished()["bob"]
    return replace(node, files=(*(f for f in node.files if f.path != EXPORTS), FileState(EXPORTS, digest, text)))


@pytest.mark.parametrize(
    ("node", "coming", "leaving", "says"),
    [
        (holding(WRITTEN), (), (), []),
        (holding(f"/opt 192.0.2.1(ro)\n{WRITTEN}# mine\n"), (), (), []),  # lines of others
        (holding(None), (), (), []),  # not read
        (replace(finished()["bob"], files=()), (), (), []),  # not asked for
        (holding(WRITTEN.replace("(rw", "(ro,", 1)), (), (), [AS_SET]),
        (holding(""), (), (), [AS_SET]),
        (holding(None, digest=None), (), (), [AS_SET]),  # no such file
        (holding(WRITTEN), ["/srv/new"], (), []),  # its job wrote nothing yet
        (holding(WRITTEN + NEW), ["/srv/new"], (), [BEGUN]),
        (holding(WRITTEN), (), [PATH], []),  # its withdrawal changed nothing yet
        (holding(""), (), [PATH], [GONE]),
        (holding(NEW), ["/srv/new"], (), [AS_SET, BEGUN]),
    ],
)  # fmt: skip
def test_what_does_not_stand_there_as_it_was_set_is_told(
    node: NodeObserved, coming: list[str], leaving: list[str], says: list[str]
):
    found = list(unwritten(WANTED, node, coming, leaving))
    assert [f.text.removeprefix(f"{EXPORTS} of bob ") for f in found] == says
    assert all((f.code, f.node, f.hazard) == ("export.unwritten", "bob", 20) and f.hint for f in found)


def test_of_many_three_are_named():
    [found] = unwritten(
        WANTED,
        holding("".join(f"/srv/{n} 192.0.2.1(rw)\n" for n in range(5)) + WRITTEN),
        [f"/srv/{n}" for n in range(5)],
        (),
    )
    assert "/srv/0, /srv/1, /srv/2 and 2 more, which" in found.text
