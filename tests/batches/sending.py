"""What a person does with a batch: sends it, has it planned, approves a pair's rows."""

from __future__ import annotations

from typing import Any

from django.test import Client

from clusters.models import Cluster
from provisioning import planned
from provisioning.models import Batch, BatchRow
from tests.batches import answering

TEXT = "cluster,name,size\nweb,a,1 GiB\nweb,b,1 GiB\nweb,c,1 GiB\nweb,Bad,1 GiB\ndb,a,1 GiB\n"


def only_send(client: Client, person: Any, text: str = TEXT, kind: str = "volumes") -> Batch:
    client.force_login(person)
    answer: Any = client.post(f"/{kind}/import/", {"text": text})
    assert answer.status_code == 302, answer.content.decode()
    return Batch.objects.latest("pk")


def send(client: Client, person: Any, text: str = TEXT, kind: str = "volumes", plans: Any = None) -> Batch:
    """Send it, and have every row planned."""
    batch = only_send(client, person, text, kind)
    answering.answer(batch, plans)
    return batch


def approve(client: Client, batch: Batch, cluster: str = "web", shown: str = "") -> None:
    plans = planned.of_batch(batch)[Cluster.objects.get(slug=cluster).pk].key
    posted = {"cluster": cluster, "shown": shown, "plans": plans}
    assert client.post(f"/batches/{batch.pk}/approve/", posted).status_code == 302


def codes(row: BatchRow) -> list[str]:
    return [name.split(":")[0] for name in row.shown]


def states(batch: Batch) -> list[tuple[int, str]]:
    return list(batch.rows.values_list("number", "status"))
