"""What a script may say about host keys, and the request of whoever asks for something."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.test import RequestFactory

from provisioning import enrolment, inquiries, trust
from provisioning.models import Inquiry
from provisioning.simulator import store
from tests import factories


def request_of(user: Any) -> HttpRequest:
    request = RequestFactory().post("/", REMOTE_ADDR="10.10.0.9")
    request.user = user
    request.request_id = "scenario"  # type: ignore[attr-defined]
    return request


class KeyVerbs:
    ada: Any
    cluster: Any

    def do_new_host_key(self, node: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            machine = pair.machines[node]
            machine.host_key = machine.host_key[:-4] + "AAAA"

    def do_trust(self, node: str) -> None:
        """An admin has a worker look at the key again, compares it, and trusts it."""
        enrolment.inquire(
            inquiries.ask(
                Inquiry.Kind.HOST_KEY, self.cluster, asked_by="ada", node=self.cluster.nodes.get(name=node)
            ).pk
        )
        row = self.cluster.nodes.get(name=node)
        said = {"reason": "installed again", "typed_name": node, "password": factories.PASSWORD}
        trust.again(request_of(self.ada), row, row.offered_host_key, **said)
