"""An export with Kerberos: what a node lacks to serve it is said, of both nodes, and stops nobody."""

from __future__ import annotations

from dataclasses import replace

import pytest

from clusters.findings import blockers, warned
from provisioning.actions import ACTIONS
from provisioning.desired import DesiredExport, ExportClient
from provisioning.facts import Asked
from provisioning.intents import EditExport, PublishExport
from provisioning.observed import NodeObserved
from provisioning.plans import export, export_edit
from provisioning.steps import Plan
from tests.pair import HEARTBEAT, desired, finished, with_unit

KEY, HOST = "nfs/files.example.org@EXAMPLE.ORG", "host/alice.example.org@EXAMPLE.ORG"
SECURED = ExportClient("192.0.2.0/24", ("rw", "sync", "no_subtree_check", "sec=krb5p:krb5i"))
Observed = dict[str, NodeObserved]


def ready() -> Observed:
    nodes = finished()
    for name, active in (("alice", "active"), ("bob", "inactive")):
        nodes[name] = replace(
            with_unit(nodes[name], "rpc-svcgssd", active, "static"), keytab=True, principals=(KEY, HOST)
        )
        nodes[name] = with_unit(nodes[name], "gssproxy", "inactive", "not-found")
    return nodes


def plans(observed: Observed, client: ExportClient = SECURED) -> tuple[Plan, Plan]:
    wanted = desired()
    known = wanted.exports[0]
    new = DesiredExport("/srv/homes/ada", 103, (client,), "homes", mode="1777")
    published = export.plan(PublishExport(wanted.name, new), wanted, observed, HEARTBEAT)
    edit = EditExport(wanted.name, replace(known, clients=(client,)))
    return published, export_edit.plan(edit, wanted, observed, HEARTBEAT)


def told(plan: Plan) -> list[tuple[str, str]]:
    return [(f.code.removeprefix("kerberos."), f.node) for f in warned(plan.findings) if f.code.startswith("kerberos.")]


def with_node(name: str, **facts: object) -> Observed:
    nodes = ready()
    return nodes | {name: replace(nodes[name], **facts)}  # type: ignore[arg-type]


def with_service(name: str, active: str, enabled: str, unit: str = "rpc-svcgssd") -> Observed:
    nodes = ready()
    return nodes | {name: with_unit(nodes[name], unit, active, enabled)}


@pytest.mark.parametrize(
    ("observed", "said"),
    [
        (ready(), []),
        (with_node("bob", keytab=False, principals=None), [("no-keytab", "bob")]),
        (with_node("alice", keytab=None, principals=None), [("unseen", "alice")]),
        (with_node("bob", principals=(HOST,)), [("no-principal", "bob")]),
        (with_node("bob", principals=None, unreadable=(("principals", "klist failed"),)), [("unseen", "bob")]),
        (with_node("bob", principals=None), []),  # klist is not installed: not known, and not said to be missing
        (with_node("bob", principals=("nfs/bob.example.org@EXAMPLE.ORG",)), [("keys-differ", "")]),
        (with_service("alice", "inactive", "static"), [("no-service", "alice")]),
        (with_service("alice", "failed", "static"), [("no-service", "alice")]),
        (with_service("bob", "inactive", "masked"), [("no-service", "bob")]),
        (with_service("bob", "inactive", "not-found"), [("no-service", "bob")]),
    ],
    ids=lambda value: str(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_what_a_node_lacks_is_said_by_both_plans_and_blocks_neither(
    observed: Observed, said: list[tuple[str, str]]
) -> None:
    for plan in plans(observed):
        assert told(plan) == said
        assert blockers(plan.findings) == []


def test_gssproxy_serves_as_well() -> None:
    nodes = with_service("alice", "inactive", "masked")
    nodes["alice"] = with_unit(nodes["alice"], "gssproxy", "active", "enabled")
    assert [told(plan) for plan in plans(nodes)] == [[], []]


def test_nothing_is_said_where_nobody_needs_kerberos() -> None:
    plain = ExportClient("192.0.2.0/24", ("rw", "sync", "no_subtree_check"))
    assert [told(plan) for plan in plans(finished(), plain)] == [[], []]


def test_a_node_without_a_keytab_is_told_what_to_do() -> None:
    alone = with_node("alice", keytab=False, principals=None)
    (finding,) = (f for f in plans(alone)[0].findings if f.code == "kerberos.no-keytab")
    assert finding.text == "alice has no /etc/krb5.keytab, so it lets nobody in with Kerberos."
    assert finding.hint.endswith("Then start rpc-svcgssd there: nobody is interrupted.")


@pytest.mark.parametrize(
    ("options", "asked"), [(("rw", "sec=sys:krb5"), True), (("rw",), False), (("sec=sys",), False)]
)
def test_a_node_is_asked_only_for_an_export_that_needs_it(options: tuple[str, ...], asked: bool) -> None:
    one = DesiredExport("/srv/homes", 101, (ExportClient("192.0.2.7", options),), "homes")
    for action, intent in (("publish", PublishExport("web-files", one)), ("edit", EditExport("web-files", one))):
        assert ACTIONS[f"export.{action}"].asks(intent, desired()) == Asked(kerberos=asked)
