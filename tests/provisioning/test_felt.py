"""Who will feel it, from what was read of the NFS server's clients: sure, perhaps, and not known."""

from __future__ import annotations

from dataclasses import replace

from provisioning.desired import DesiredCluster, DesiredSnapshot, ExportClient
from provisioning.observed import ActiveExport, NfsClient, NfsUse, NodeObserved
from provisioning.plans.parts.felt import BY_NAME, IDLE, MOST, OLD, felt, going_on
from tests import pair

WRITER = NfsClient(
    "192.0.2.50", "4.2", "Linux NFSv4.2 web1", "confirmed", 3.0, True, (NfsUse("/srv/homes", opens=3, locks=1),)
)
READER = NfsClient("192.0.2.51", "4.1", "", "confirmed", 9.0, True, (NfsUse("/srv/media", opens=1),))
OLDER = NfsClient("192.0.2.52", "3", connected=True, paths=("/srv/homes",))


def _seen(*clients: NfsClient, known: bool = True) -> dict[str, NodeObserved]:
    observed = pair.finished()
    observed["alice"] = replace(observed["alice"], nfs_clients=clients if known else None)
    observed["bob"] = replace(observed["bob"], nfs_clients=())
    return observed


def test_a_volume_is_felt_by_those_who_hold_something_on_it() -> None:
    impact = felt(pair.desired(), _seen(WRITER, READER), pause="about 5 s", mount_points=("/srv/homes",))
    assert impact.interrupted == "1 client: 192.0.2.50 (NFSv4.2, 3 open files, 1 lock); 1 client perhaps"
    assert [(one.address, one.opens, one.locks, bool(one.note)) for one in impact.clients] == [
        ("192.0.2.50", 3, 1, False),
        ("192.0.2.51", 0, 0, True),
    ]
    assert IDLE in impact.notes


def test_the_whole_server_is_felt_by_everybody() -> None:
    impact = felt(pair.desired(), _seen(WRITER, READER), pause="about 60 s", takes="a minute")
    assert impact.interrupted.startswith("2 clients: 192.0.2.50 (NFSv4.2, 3 open files, 1 lock) and 192.0.2.51")
    assert "(4 open files, 1 lock in all)" in impact.interrupted
    assert (impact.pause, impact.takes, impact.notes) == ("about 60 s", "a minute", ())


def test_an_export_below_a_volume_is_felt_by_those_on_its_volume() -> None:
    wanted = pair.desired()
    team = replace(wanted.exports[0], path="/srv/homes/team")
    impact = felt(replace(wanted, exports=(team,)), _seen(WRITER, READER), pause="for good", path="/srv/homes/team")
    assert [one.address for one in impact.clients if not one.note] == ["192.0.2.50"]


def test_version_3_is_named_by_what_it_mounted_and_its_limits_are_said() -> None:
    impact = felt(pair.desired(), _seen(OLDER), pause="about 5 s", path="/srv/homes")
    assert impact.interrupted == "1 client: 192.0.2.52 (NFSv3)"
    assert OLD in impact.notes
    assert felt(pair.desired(), _seen(OLDER), pause="about 5 s", path="/srv/media").clients == ()


def test_a_version_3_client_that_is_gone_is_no_certainty() -> None:
    gone = replace(OLDER, connected=False)
    impact = felt(pair.desired(), _seen(gone), pause="about 5 s")
    assert impact.interrupted == "nobody for certain; 1 client perhaps"
    assert impact.clients[0].note == "mounted it once and is not connected now"


def test_clients_that_were_not_read_are_not_taken_for_nobody() -> None:
    impact = felt(pair.desired(), _seen(known=False), pause="about 5 s", notes=("Said before.",))
    assert impact.interrupted == "not known"
    assert impact.notes[0] == "Said before."
    assert "not read" in impact.notes[1]


def test_nobody_is_said_only_when_the_server_was_asked() -> None:
    assert felt(pair.desired(), _seen(), pause="about 5 s").interrupted == "nobody: no client is connected"


def test_when_nobody_serves_both_nodes_must_have_told() -> None:
    observed = _seen(WRITER)
    observed["alice"] = replace(observed["alice"], nfsd_threads=0)
    assert felt(pair.desired(), observed, pause="none").interrupted.startswith("1 client: 192.0.2.50")
    del observed["bob"]
    assert felt(pair.desired(), observed, pause="none").interrupted == "not known"


def test_a_thousand_clients_are_cut_to_what_a_plan_may_hold() -> None:
    many = [replace(WRITER, address=f"10.0.{number // 250}.{number % 250}") for number in range(1000)]
    impact = felt(pair.desired(), _seen(*many), pause="about 5 s")
    assert impact.interrupted.startswith("1000 clients: 10.0.0.0 (")
    assert "and 997 more" in impact.interrupted
    assert len(impact.clients) == MOST


def test_what_is_not_exported_is_mounted_by_nobody() -> None:
    """A client without open files may have any export mounted, and this is none."""
    empty = replace(pair.desired(), exports=())
    seen = {name: replace(node, exports=()) for name, node in _seen(READER, OLDER).items()}
    impact = felt(empty, seen, pause="for good", mount_points=("/srv/homes",), notes=("Said before.",))
    assert (impact.interrupted, impact.pause) == ("nobody: nothing of it is exported", "none")
    assert (impact.clients, impact.notes) == ((), ("Said before.",))


def test_a_file_that_is_still_open_on_what_was_withdrawn_counts() -> None:
    empty = replace(pair.desired(), exports=())
    seen = {name: replace(node, exports=()) for name, node in _seen(WRITER, READER).items()}
    impact = felt(empty, seen, pause="for good", mount_points=("/srv/homes",))
    assert [one.address for one in impact.clients] == ["192.0.2.50"]


def test_what_was_exported_by_hand_or_not_read_may_be_mounted() -> None:
    empty = replace(pair.desired(), exports=())
    for exports in ((ActiveExport("/srv/homes/x", "*", ("rw", "fsid=7")),), None):
        seen = {name: replace(node, exports=exports) for name, node in _seen(READER).items()}
        assert felt(empty, seen, pause="for good", mount_points=("/srv/homes",)).interrupted.endswith(
            "1 client perhaps"
        )


STRANGER = replace(READER, address="198.51.100.7")


def _to(*clients: str, seen: dict[str, NodeObserved]) -> tuple[DesiredCluster, dict[str, NodeObserved]]:
    """homes is exported to these; media stays as it is."""
    wanted = pair.desired()
    homes = replace(wanted.exports[0], clients=tuple(ExportClient(one, ("rw",)) for one in clients))
    return replace(wanted, exports=(homes, *wanted.exports[1:])), {n: replace(o, exports=()) for n, o in seen.items()}


def test_who_cannot_have_it_mounted_does_not_feel_it() -> None:
    impact = felt(pair.desired(), _seen(STRANGER), pause="for good", mount_points=("/srv/homes",))
    assert (impact.interrupted, impact.clients) == ("nobody: who is connected does not have it mounted", ())


def test_who_holds_files_of_it_feels_it_whatever_the_exports_mean() -> None:
    impact = felt(*_to("203.0.113.1", seen=_seen(WRITER)), pause="for good", mount_points=("/srv/homes",))
    assert impact.interrupted == "1 client: 192.0.2.50 (NFSv4.2, 3 open files, 1 lock)"


def test_files_that_are_open_by_another_export_of_the_volume_do_not_count() -> None:
    wanted, seen = _to("192.0.2.0/24", seen=_seen(WRITER))
    inner = replace(wanted.exports[0], path="/srv/homes/team", clients=(ExportClient("203.0.113.1", ("rw",)),))
    wanted = replace(wanted, exports=(*wanted.exports, inner))
    assert felt(wanted, seen, pause="for good", path="/srv/homes/team").clients == ()
    assert felt(wanted, seen, pause="for good", path="/srv/homes").clients


def test_whom_a_name_may_mean_is_said_and_never_nobody() -> None:
    impact = felt(*_to("*.example.org", seen=_seen(STRANGER)), pause="for good", mount_points=("/srv/homes",))
    assert impact.interrupted == "nobody for certain; 1 client perhaps"
    assert [one.note for one in impact.clients] == [BY_NAME]
    known_by_name = replace(OLDER, address="web1", paths=())
    impact = felt(*_to("192.0.2.0/24", seen=_seen(known_by_name)), pause="for good", mount_points=("/srv/homes",))
    assert [one.note for one in impact.clients] == [BY_NAME]


def test_an_export_above_that_crosses_into_it_lets_in_too() -> None:
    wanted, seen = _to("203.0.113.1", seen=_seen(STRANGER))
    for crosses, feel in (("crossmnt", 1), ("nocrossmnt", 0)):
        above = (ActiveExport("/srv", "198.51.100.0/24", ("ro", crosses)),)
        seen = {name: replace(node, exports=above) for name, node in seen.items()}
        assert len(felt(wanted, seen, pause="for good", mount_points=("/srv/homes",)).clients) == feel


def test_an_opened_snapshot_is_felt_by_those_it_was_opened_for() -> None:
    opened = DesiredSnapshot("homes", "before", "s1", pair.GIB, fsid=900, clients=("192.0.2.51",))
    wanted = replace(pair.desired(), snapshots=(opened,))
    impact = felt(wanted, _seen(WRITER, READER), pause="for good", mount_points=("/srv/.snapshots/homes/before",))
    assert [(one.address, bool(one.note)) for one in impact.clients] == [("192.0.2.51", True)]


def test_clients_of_a_move_are_not_called_interrupted() -> None:
    impact = going_on(
        felt(pair.desired(), _seen(WRITER, READER), pause="none", mount_points=("/srv/homes",)), "goes on"
    )
    assert impact.interrupted == "nobody who has it mounted"
    assert [one.note for one in impact.clients] == ["goes on", "may have it mounted; has nothing open on it"]
