"""What a change of an export's clients takes from somebody who stays: entries overlap, and the first that fits decides. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import takewhile

from clusters.export_access import (
    Client,
    ClientKind,
    access_of,
    by_name,
    in_order,
    kind_of,
    may,
    narrower,
    network_of,
    what_gets,
)


def gave_more(new: Client, before: Sequence[Client], now: Sequence[Client]) -> str:
    """Name the entry that gave more to somebody a new entry means, who gets what the new one gives from now on; "" for none.

    The new one gives nothing to whom an entry means that stands before it. Whom a name means is not known, so it may be anybody that a
    wider kind of entry means.
    """
    kind, given = kind_of(new[0]), access_of(new[1])
    first = [client for client, _ in takewhile(lambda entry: entry[0] != new[0], in_order(now))]
    if any(_covers(client, new[0]) for client in first):
        return ""
    for client, options in in_order(before):
        wider = kind_of(client) >= kind and not (kind is ClientKind.HOST and kind_of(client) is ClientKind.HOST)
        if wider and client not in first and _meet(client, new[0]) and narrower(access_of(options), given):
            return client
        if _covers(client, new[0]):
            break
    return ""


def singled_out(clients: Sequence[Client]) -> Iterator[str]:
    """Say of each single host within a network with other options what it gets: hosts are looked through first, wherever they stand."""
    networks = [client for client in clients if kind_of(client[0]) is ClientKind.NETWORK]
    for host, options in clients:
        if kind_of(host) is not ClientKind.HOST or network_of(host) is None:
            continue
        around = next((network for network in networks if _covers(network[0], host)), None)
        if around and access_of(options) != access_of(around[1]):
            yield f"{host} lies within {around[0]} and has a line of its own, which wins wherever it stands: it {may(options)}."


def still_gets(gone: str, now: Sequence[Client]) -> Client | None:
    """Give the entry that decides for everybody an entry meant that is gone; None when none does for all of them."""
    meeting = [client for client in in_order(now) if _meet(client[0], gone)]
    return meeting[0] if meeting and _covers(meeting[0][0], gone) else None


def keeps(address: str, before: Sequence[Client], now: Sequence[Client]) -> bool:
    """Whether an address loses nothing by a change, for certain. Of a client that is known by a name nothing is certain."""
    if network_of(address) is None:
        return False
    was, will = what_gets(address, before), what_gets(address, now)
    if not (was.sure and will.sure):
        return was.sentence == will.sentence
    if not was.client:
        return True
    gave, gives = dict(before), dict(now)
    return bool(will.client) and not narrower(access_of(gave[was.client]), access_of(gives[will.client]))


def _meet(one: str, other: str) -> bool:
    """Whether one host may be meant by both. What an entry by name means is not known."""
    a, b = network_of(one), network_of(other)
    return a is None or b is None or (a.version == b.version and a.overlaps(b))


def _covers(wide: str, narrow: str) -> bool:
    if kind_of(wide) is ClientKind.EVERYBODY:
        return True
    a, b = network_of(wide), network_of(narrow)
    if by_name(wide) or a is None or b is None or a.version != b.version:
        return False
    return a.overlaps(b) and a.prefixlen <= b.prefixlen
