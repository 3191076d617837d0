"""Where a simulated pair is kept between two commands: one row per cluster. Also what a demo's visitor may do to the machines."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cattrs import Converter
from django.db import transaction

from provisioning.models import SimulatedPair
from provisioning.simulator.make import bare_pair
from provisioning.simulator.physics import power_off, power_on, settle
from provisioning.simulator.state import Pair

_CONVERTER = Converter(detailed_validation=False)  # the rows are its own, and every command reads one
TEXT = "text"
CONTROLS = ("power-off", "power-on", "cut-link", "mend-link")


@contextmanager
def opened(cluster: int) -> Iterator[Pair]:
    """Give the pair of a cluster (by key), locked while it is changed, stored when the block ends. A pair that is not there yet is bare."""
    with transaction.atomic():
        rows = SimulatedPair.objects.select_for_update()
        row = rows.filter(cluster_id=cluster).first()
        if row is None:  # a lock on a row that is not there keeps nobody out: whoever is second takes the first one's
            row, _ = rows.get_or_create(cluster_id=cluster, defaults={"state": _kept(bare_pair(time.time()))})
        pair = _CONVERTER.structure(json.loads(row.state[TEXT]) if TEXT in row.state else row.state, Pair)
        yield pair
        row.state = _kept(pair)
        row.save()


def _kept(pair: Pair) -> dict[str, str]:
    """As one text: PostgreSQL gives a JSON object back in an order of its own, and what is mounted first matters."""
    return {TEXT: json.dumps(_CONVERTER.unstructure(pair))}


def host_key_of(cluster: int, node: str) -> str | None:
    """What the machine of that name would show; None when there is none of that name or it is off."""
    with opened(cluster) as pair:
        machine = pair.machines.get(node)
        return machine.host_key if machine and machine.power and machine.reachable else None


def control(cluster: int, verb: str, node: str = "", *, now: float | None = None) -> str:
    """Do to the machines what a person would do by hand. Returns one sentence; an unknown verb or machine is a KeyError."""
    now = time.time() if now is None else now
    with opened(cluster) as pair:
        settle(pair, now)
        match verb:
            case "power-off":
                power_off(pair, pair.machines[node].name)
                text = f"{node}'s power was cut."
            case "power-on" if not pair.machines[node].power:
                power_on(pair, node, now)
                text = f"{node} was switched on."
            case "power-on":
                text = f"{node} is on already."
            case "cut-link" | "mend-link":
                pair.replication_link = verb == "mend-link"
                text = (
                    "The replication cable was plugged in."
                    if pair.replication_link
                    else "The replication cable was pulled."
                )
            case _:
                raise KeyError(verb)
        settle(pair, now)
    return text
