"""What is made of it that an export opens, or not, from the place that looked."""

from __future__ import annotations

import pytest

from provisioning.nfs_look import ANOTHER_KIND, How, Opened
from provisioning.observer import Seen
from provisioning.opening import Judged, judged
from provisioning.runner import execute
from provisioning.steps import Opening, Probe
from tests.running.fakes import FakeWorld
from tests.running.test_runner import Lines, place, step

HERE, NETWORK = "192.168.77.250", "192.168.77.50/24"
MINE = ("192.168.77.0/24", ("rw", "sync"))
OPEN_PORTS = ("192.168.77.0/24", ("rw", "insecure"))
BY_NAME = ("*.example.org", ("rw",))
THEIRS = ("10.9.0.0/16", ("rw",))
OPENS = Opened(How.OPENS, 13)


def judge(answer: Opened | None, *clients: tuple[str, tuple[str, ...]], address: str = HERE) -> Judged:
    probe = Probe("192.168.77.50", (), opens=(Opening("/srv/homes", 13, clients),), network=NETWORK)
    [found] = judged(probe, address, (("/srv/homes", answer),) if answer else ())
    return found


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (OPENS, "/srv/homes opens there with fsid 13"),
        (Opened(How.PORTS, 13), "/srv/homes is there for this address with fsid 13, and takes privileged ports only, so it was not opened"),
        (Opened(How.PORTS), "/srv/homes is there for this address, and takes privileged ports only, so it was not opened"),
        (Opened(How.KERBEROS), "/srv/homes is there for this address, and wants Kerberos, so it was not opened"),
    ],
)  # fmt: skip
def test_a_client_is_to_find_it(answer: Opened, text: str) -> None:
    assert judge(answer, MINE) == Judged(True, text)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Opened(How.OPENS, 12), "/srv/homes opens there with fsid 12 and not with 13"),
        (Opened(How.OPENS, ANOTHER_KIND), "/srv/homes opens there with an fsid of another kind and not with 13"),
        (Opened(How.ABSENT), "/srv/homes does not open there, although the address is a client of it by 192.168.77.0/24"),
    ],
)  # fmt: skip
def test_a_client_that_finds_something_else(answer: Opened, text: str) -> None:
    assert judge(answer, MINE) == Judged(False, text)


def test_a_client_by_its_number_is_one_whatever_its_name() -> None:
    assert not judge(Opened(How.ABSENT), BY_NAME, MINE).holds
    assert judge(OPENS, BY_NAME, MINE).holds


@pytest.mark.parametrize("clients", [(MINE,), ()])
def test_what_lies_in_another_export_may_open_as_a_part_of_that(
    clients: tuple[tuple[str, tuple[str, ...]], ...],
) -> None:
    """Published or withdrawn: NFS does not cross from one export into another one of the same file system."""
    probe = Probe("192.168.77.50", (), opens=(Opening("/srv/homes/ada", 13, clients, (12,)),), network=NETWORK)
    for answer in (Opened(How.OPENS, 12), Opened(How.PORTS, 12), Opened(How.KERBEROS)):
        [found] = judged(probe, HERE, (("/srv/homes/ada", answer),))
        assert found.holds, answer
    [other] = judged(probe, HERE, (("/srv/homes/ada", Opened(How.OPENS, 99)),))
    assert other.holds is not bool(clients)


def test_a_refusal_of_mountd_says_nothing_where_a_name_may_decide() -> None:
    assert judge(Opened(How.REFUSED), ("web1.example.org", ("rw",)), OPEN_PORTS).holds
    assert not judge(Opened(How.REFUSED), OPEN_PORTS).holds


def test_a_refusal_of_mountd_says_little_where_ports_matter() -> None:
    assert judge(Opened(How.REFUSED), MINE).holds
    assert not judge(Opened(How.REFUSED), OPEN_PORTS).holds


def test_a_stranger_is_to_find_nothing() -> None:
    assert judge(Opened(How.ABSENT), THEIRS) == Judged(
        True, f"{HERE} is no client of /srv/homes, and it does not open there"
    )
    assert judge(OPENS, THEIRS) == Judged(False, f"/srv/homes is there, although {HERE} is no client of it")
    assert judge(Opened(How.OPENS, 4), THEIRS).holds  # a directory of another export


def test_what_was_withdrawn_is_to_be_gone() -> None:
    assert judge(Opened(How.ABSENT)) == Judged(True, "/srv/homes does not open there any more")
    assert judge(Opened(How.PORTS, 13)) == Judged(False, "/srv/homes is still there")


@pytest.mark.parametrize("answer", [OPENS, Opened(How.ABSENT), Opened(How.OPENS, 12)])
def test_nothing_is_made_of_it_where_the_client_is_not_certain(answer: Opened) -> None:
    """Given by name; or from behind a router, which may put another address in the place of ours."""
    assert judge(answer, BY_NAME).holds
    assert "depends on its name" in judge(answer, BY_NAME).text
    for address in ("172.18.0.5", "", "nonsense"):
        assert judge(answer, MINE, address=address).holds
        assert "nothing is made of it" in judge(answer, THEIRS, address=address).text


def test_what_could_not_be_told_is_no_failure() -> None:
    answer = Opened(How.UNTOLD, why="its answer is cut off")
    assert judge(answer, MINE) == Judged(
        True, "whether /srv/homes opens there could not be told (its answer is cut off)"
    )
    assert judge(None, MINE) == Judged(True, "/srv/homes was not opened from there, only looked for in the list")


def test_the_step_waits_until_it_opens_and_says_what_was_seen() -> None:
    answers = [Opened(How.ABSENT), OPENS]

    def look(ip: str, paths: tuple[str, ...]) -> Seen:
        assert paths == ("/srv/homes",)
        return Seen("the worker", True, ("/srv/homes",), "", HERE, (("/srv/homes", answers.pop(0)),))

    probe = Probe("192.168.77.50", ("/srv/homes",), opens=(Opening("/srv/homes", 13, (MINE,)),), network=NETWORK)
    said = execute(place(FakeWorld(), address=None, look=look), step(probe=probe), Lines())
    assert said == "Seen from the worker (192.168.77.250). /srv/homes opens there with fsid 13." and not answers
