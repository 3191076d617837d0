"""The names of clients' addresses: asked beside the sweeps, kept with their age, bounded in every direction.

The system's resolver has no time-out of ours and may hang for minutes. So two threads ask, nobody waits for them, and what does not
fit into their short queue is asked at a later sweep.
"""

from __future__ import annotations

import logging
import queue
import socket
import threading
from collections.abc import Iterable
from datetime import timedelta

from django.db import DatabaseError, close_old_connections
from django.utils import timezone

from clusters.models import ClientName
from clusters.models.clients import UNANSWERED

log = logging.getLogger(__name__)
THREADS = 2
WAITING = 64  # addresses in line; the others are asked later
FRESH = timedelta(hours=1)
# HOST_NOT_FOUND and NO_DATA of netdb.h: somebody answered. 2 and 3 are what the resolver says after its own time-outs.
NAMELESS = (1, 4)
AGAIN = timedelta(minutes=10)  # after a failure, and after a question nobody answered

_line: queue.Queue[str] = queue.Queue(maxsize=WAITING)
_threads: list[threading.Thread] = []
_guard = threading.Lock()


def want(addresses: Iterable[str], *, invented: bool = False) -> int:
    """Put in line what is not known or old; returns how many. Never waits. Clients of simulated pairs have invented names."""
    now = timezone.now()
    wanted = tuple(dict.fromkeys(addresses))
    rows = {row.address: row for row in ClientName.objects.filter(address__in=wanted)}
    put = 0
    for address in wanted:
        row = rows.get(address)
        if row is not None and row.asked_at is not None:
            good = row.answered_at is not None and row.answered_at >= row.asked_at and not row.problem
            if now - row.asked_at < (FRESH if good else AGAIN):
                continue
        values = {"asked_at": now}
        if invented:
            name = f"client-{address.rpartition('.')[2]}.example.net"
            ClientName.objects.update_or_create(address=address, defaults={**values, "name": name, "answered_at": now})
            continue
        ClientName.objects.update_or_create(address=address, defaults=values)
        try:
            _line.put_nowait(address)
        except queue.Full:
            ClientName.objects.filter(address=address).update(asked_at=row.asked_at if row else None)
            break
        put += 1
    if put:
        _start()
    return put


def lookup(address: str) -> tuple[str, str]:
    """Ask the system: name and problem, one of them empty. An address without a name is its own problem's sentence."""
    try:
        return socket.gethostbyaddr(address)[0][:253], ""
    except socket.herror as error:
        return "", str(error.args[-1])[:120] if error.args[0] in NAMELESS else UNANSWERED
    except (OSError, UnicodeError) as error:
        return "", (getattr(error, "strerror", None) or str(error))[:120]


def _start() -> None:
    with _guard:
        _threads[:] = [thread for thread in _threads if thread.is_alive()]
        while len(_threads) < THREADS:
            thread = threading.Thread(target=_answer, name="client-names", daemon=True)
            thread.start()
            _threads.append(thread)


def _answer() -> None:
    while True:
        address = _line.get()
        name, problem = lookup(address)
        close_old_connections()
        try:
            keep(address, name, problem)
        except DatabaseError:
            log.warning("%s: its name could not be kept", address)
        finally:
            close_old_connections()


def keep(address: str, name: str, problem: str) -> None:
    values: dict[str, object] = {"answered_at": timezone.now(), "problem": problem}
    if name or not problem:
        values["name"] = name
    ClientName.objects.filter(address=address).update(**values)
