"""`print_plan` reads a pair and prints what its set-up would do."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from tests.factories import make_cluster

pytestmark = pytest.mark.django_db


def test_it_refuses_a_cluster_it_does_not_know() -> None:
    with pytest.raises(CommandError, match="no cluster nowhere"):
        call_command("print_plan", "nowhere")


def test_it_says_why_a_pair_cannot_be_read() -> None:
    cluster = make_cluster(simulated=True)
    cluster.nodes.filter(name="bob").update(host_key="ssh-ed25519 AAAAother")
    with pytest.raises(CommandError, match="bob"):
        call_command("print_plan", cluster.slug)
