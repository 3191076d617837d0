"""Questions of a draft and what a worker answers, with the world in memory."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from clusters.models import Cluster, Node
from provisioning import doorbell, enrolment, inquiries, preflight, sealed
from provisioning.models import Inquiry, SealedSecret
from provisioning.transport import enrol
from provisioning.transport.world import HostKeyChanged, LoginRefused, NodeAddress, SudoRefused, Unreachable
from tests.enrolment.conftest import ask
from tests.running.fakes import FakeWorld

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGk0xnJkzVvSb0nWnQ8yY3o1pZ5dQ1xgXv0J6b9mM0aA"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> FakeWorld:
    world = FakeWorld()
    monkeypatch.setattr(enrolment, "world_for", lambda cluster: world)
    return world


@pytest.fixture
def passwords(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    used: list[tuple[str, str, str]] = []
    monkeypatch.setattr(enrol, "install_key", lambda node, password, key: used.append((node.name, password, key)))
    return used


def answered(inquiry: Inquiry) -> Inquiry:
    enrolment.inquire(inquiry.pk)
    inquiry.refresh_from_db()
    return inquiry


def test_a_host_key_is_offered_and_not_trusted(draft: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enrol, "fetch_host_key", lambda node: KEY)
    alice = draft.nodes.get(name="alice")
    inquiry = answered(ask(draft, Inquiry.Kind.HOST_KEY, "alice"))
    assert (inquiry.status, inquiry.result) == (Inquiry.Status.DONE, {"host_key": KEY})
    now = Node.objects.get(pk=alice.pk)
    assert (now.offered_host_key, now.host_key) == (KEY, alice.host_key)


def test_a_question_is_answered_once(draft: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(enrol, "fetch_host_key", lambda node: asked.append(node.name) or KEY)
    inquiry = ask(draft, Inquiry.Kind.HOST_KEY, "alice")
    for _ in range(3):
        answered(inquiry)
    assert asked == ["alice"]


@pytest.fixture
def rings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(doorbell, "ring", lambda *args: heard.append(args) or True)
    return heard


@pytest.mark.parametrize(("kind", "name"), [(Inquiry.Kind.INSTALL_KEY, "alice"), (Inquiry.Kind.PREFLIGHT, "")])
def test_asked_while_it_is_answered_it_is_asked_once_more_at_the_end(
    kind: Inquiry.Kind,
    name: str,
    draft: Cluster,
    world: FakeWorld,
    rings: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The key is put on the node, and the login tried by hand, while the first try is still being refused."""
    node = draft.nodes.get(name=name) if name else None
    begin = enrolment._ANSWERS[kind]
    pressed: list[int] = []

    def somebody_presses_twice(inquiry: Inquiry) -> object:
        if not pressed:
            pressed.extend(inquiries.ask(kind, draft, asked_by="ada", node=node).pk for _ in range(2))
            enrolment.inquire(pressed[0])  # another worker hears the ring at once
            assert Inquiry.objects.get(pk=pressed[0]).status == Inquiry.Status.QUEUED
            raise LoginRefused("alice", "no key of the panel's")
        return begin(inquiry)

    monkeypatch.setitem(enrolment._ANSWERS, kind, somebody_presses_twice)
    first = answered(ask(draft, kind, name))
    assert first.status == Inquiry.Status.FAILED and len(set(pressed)) == 1
    assert rings == [("jobs.inquire", pressed[0])]
    assert answered(Inquiry.objects.get(pk=pressed[0])).status == Inquiry.Status.DONE
    assert Inquiry.objects.count() == 2


def test_a_question_about_the_other_node_does_not_wait(draft: Cluster, world: FakeWorld) -> None:
    running = ask(draft, Inquiry.Kind.INSTALL_KEY, "alice")
    Inquiry.objects.filter(pk=running.pk).update(status=Inquiry.Status.RUNNING, sent_at=timezone.now())
    assert answered(ask(draft, Inquiry.Kind.INSTALL_KEY, "bob")).status == Inquiry.Status.DONE


def test_nobody_answers(draft: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(node: NodeAddress) -> str:
        raise Unreachable(node.name, "no SSH server answers")

    monkeypatch.setattr(enrol, "fetch_host_key", fail)
    inquiry = answered(ask(draft, Inquiry.Kind.HOST_KEY, "alice"))
    assert (inquiry.status, inquiry.problem) == (Inquiry.Status.FAILED, "alice: no SSH server answers")
    assert "address" in inquiry.hint and inquiry.ended_at


def test_a_password_is_used_once_and_gone(
    draft: Cluster, world: FakeWorld, passwords: list[tuple[str, str, str]]
) -> None:
    alice = draft.nodes.get(name="alice")
    Node.objects.update(key_installed=False)
    sealed.seal(sealed.PASSWORD, b"geheim", node=alice, ttl=timedelta(minutes=5))
    inquiry = answered(ask(draft, Inquiry.Kind.INSTALL_KEY, "alice"))
    assert (inquiry.status, inquiry.result) == (Inquiry.Status.DONE, {"installed": True})
    assert passwords == [("alice", "geheim", sealed.public_half(sealed.PANEL_SSH_KEY))]
    assert not SealedSecret.objects.filter(name=sealed.PASSWORD).exists()
    assert draft.nodes.get(name="alice").key_installed and not draft.nodes.get(name="bob").key_installed
    assert "geheim" not in repr(list(Inquiry.objects.values()))


def test_a_refused_password_is_gone_too(draft: Cluster, world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(node: NodeAddress, *_: str) -> None:
        raise LoginRefused(node.name, "it refused this password")

    monkeypatch.setattr(enrol, "install_key", refuse)
    sealed.seal(sealed.PASSWORD, b"geheim", node=draft.nodes.get(name="alice"))
    assert answered(ask(draft, Inquiry.Kind.INSTALL_KEY, "alice")).status == Inquiry.Status.FAILED
    assert not SealedSecret.objects.filter(name=sealed.PASSWORD).exists()


def test_an_expired_password_is_not_used(
    draft: Cluster, world: FakeWorld, passwords: list[tuple[str, str, str]]
) -> None:
    sealed.seal(sealed.PASSWORD, b"geheim", node=draft.nodes.get(name="alice"), ttl=timedelta(seconds=-1))
    inquiry = answered(ask(draft, Inquiry.Kind.INSTALL_KEY, "alice"))
    assert inquiry.status == Inquiry.Status.FAILED and "expired" in inquiry.problem and passwords == []


def test_a_key_installed_by_hand_is_tried(
    draft: Cluster, world: FakeWorld, passwords: list[tuple[str, str, str]]
) -> None:
    inquiry = answered(ask(draft, Inquiry.Kind.INSTALL_KEY, "bob"))
    assert (inquiry.status, inquiry.result, passwords) == (Inquiry.Status.DONE, {"installed": False}, [])
    assert world.asked == ["bob? true"]


@pytest.mark.parametrize("error", [LoginRefused, SudoRefused])
def test_a_login_that_does_not_work(draft: Cluster, world: FakeWorld, error: type[LoginRefused]) -> None:
    world.answers["true"] = [error("bob", "no")]
    inquiry = answered(ask(draft, Inquiry.Kind.INSTALL_KEY, "bob"))
    assert (inquiry.status, inquiry.hint) == (Inquiry.Status.FAILED, error.hint)
    assert not draft.nodes.get(name="bob").key_installed


def test_a_preflight_reads_both_nodes(draft: Cluster, world: FakeWorld) -> None:
    inquiry = answered(ask(draft, Inquiry.Kind.PREFLIGHT))
    found = preflight.load(inquiry.result)
    assert inquiry.status == Inquiry.Status.DONE and found
    assert {node.node for node in found.nodes} == {"alice", "bob"} and found.findings
    assert {question.split("?")[0] for question in world.asked} == {"alice", "bob"}


def test_a_preflight_with_one_node_away(draft: Cluster, world: FakeWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    read = world.read

    def half(node: NodeAddress, commands: object) -> object:
        if node.name == "bob":
            raise HostKeyChanged("bob", "it showed another host key")
        return read(node, commands)  # type: ignore[arg-type]

    monkeypatch.setattr(world, "read", half)
    found = preflight.load(answered(ask(draft, Inquiry.Kind.PREFLIGHT)).result)
    assert found and [node.node for node in found.nodes] == ["alice"]
    away = [finding for finding in found.findings if finding.code == "node.not-read"]
    assert [(finding.node, finding.text) for finding in away] == [("bob", "bob: it showed another host key.")]


def test_an_error_of_the_panel(draft: Cluster) -> None:
    inquiry = ask(draft, Inquiry.Kind.PREFLIGHT)
    Inquiry.objects.filter(pk=inquiry.pk).update(status=Inquiry.Status.RUNNING, sent_at=timezone.now())
    enrolment.inquire_failed(inquiry.pk, ZeroDivisionError("division by zero"))
    inquiry.refresh_from_db()
    assert inquiry.status == Inquiry.Status.FAILED and "division by zero" in inquiry.problem
