"""What it means that an export opens, or does not, from the place that looked. Pure.

Only what is certain is demanded: the place's address is on the service IP's own network, where nobody puts another address in its stead, and it
is a client by its number. A name, a netgroup or a wildcard is looked up by the server; then what was seen is told and nothing is made of it.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from clusters.export_access import access_of, what_gets
from provisioning.nfs_look import ANOTHER_KIND, How, Opened
from provisioning.steps import Opening, Probe

THERE = (How.OPENS, How.PORTS, How.KERBEROS)


@dataclass(frozen=True, slots=True)
class Judged:
    holds: bool
    text: str


def judged(probe: Probe, address: str, opened: tuple[tuple[str, Opened], ...]) -> Iterator[Judged]:
    found = dict(opened)
    for opening in probe.opens:
        answer = found.get(opening.path)
        if answer is None:
            yield Judged(True, f"{opening.path} was not opened from there, only looked for in the list")
        elif answer.how is How.UNTOLD:
            yield Judged(True, f"whether {opening.path} opens there could not be told ({answer.why})")
        else:
            yield _judged(opening, answer, address, probe.network)


def _judged(opening: Opening, answer: Opened, address: str, network: str) -> Judged:
    if not _near(address, network):
        return Judged(
            True, f"{_seen(opening, answer)}; another address may have been seen there, so nothing is made of it"
        )
    gets = what_gets(address, opening.clients)
    if gets.client:
        return _for_a_client(opening, answer, gets.client, sure=gets.sure)
    if not gets.sure:
        return Judged(True, f"{_seen(opening, answer)}; whether {address} is a client depends on its name")
    return _for_a_stranger(opening, answer, address)


def _for_a_client(opening: Opening, answer: Opened, client: str, *, sure: bool) -> Judged:
    """The server may know the address by its name as well, and then goes by what that line says."""
    if answer.how in THERE and answer.fsid in opening.within:
        return Judged(True, f"{opening.path} is there as a part of the export that it lies in{_fsid(answer)}")
    if answer.how in THERE:
        return Judged(answer.fsid in (None, opening.fsid), _seen(opening, answer))
    access = access_of(dict(opening.clients)[client])
    if answer.how is How.REFUSED and (not sure or access.secure or "sys" not in access.sec):
        return Judged(True, f"{_seen(opening, answer)}; which of the two could not be told")
    return Judged(False, f"{opening.path} does not open there, although the address is a client of it by {client}")


def _for_a_stranger(opening: Opening, answer: Opened, address: str) -> Judged:
    """Below an export of others the path may open as a part of that one, with another fsid."""
    if answer.how not in THERE:
        gone = f"{opening.path} does not open there any more"
        return Judged(
            True, f"{address} is no client of {opening.path}, and it does not open there" if opening.clients else gone
        )
    unnumbered = answer.how is How.KERBEROS and answer.fsid is None and not opening.within
    ours = answer.fsid == opening.fsid or unnumbered
    if not ours:
        return Judged(True, f"{opening.path} is there as a part of something else{_fsid(answer)}")
    still = f"{opening.path} is still there"
    return Judged(
        False, f"{opening.path} is there, although {address} is no client of it" if opening.clients else still
    )


def _near(address: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False


def _seen(opening: Opening, answer: Opened) -> str:
    other = "" if answer.fsid in (None, opening.fsid) else f" and not with {opening.fsid}"
    fsid = f"{_fsid(answer)}{other}"
    match answer.how:
        case How.OPENS:
            return f"{opening.path} opens there{fsid}"
        case How.PORTS:
            return (
                f"{opening.path} is there for this address{fsid}, and takes privileged ports only, so it was not opened"
            )
        case How.KERBEROS:
            return f"{opening.path} is there for this address{fsid}, and wants Kerberos, so it was not opened"
        case How.REFUSED:
            return f"{opening.path} is refused there: to this address, or to ports above 1023"
    return f"{opening.path} does not open there"


def _fsid(answer: Opened) -> str:
    if answer.fsid is None:
        return ""
    return " with an fsid of another kind" if answer.fsid == ANOTHER_KIND else f" with fsid {answer.fsid}"
