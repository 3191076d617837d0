"""Which world a cluster lives in: the real one, or its simulated pair.

Connections are kept for the life of the process, whoever asks; `close` is for a process that ends.
"""

from __future__ import annotations

import threading

from clusters.models import Cluster
from provisioning.sealed import PANEL_SSH_KEY
from provisioning.simulator.world import SimulatedWorld
from provisioning.transport.link import private_key
from provisioning.transport.ssh import SshWorld
from provisioning.transport.world import World
from provisioning.unseal import open_secret

_lock = threading.Lock()
_worlds: dict[bytes, SshWorld] = {}


def world_for(cluster: Cluster) -> World:
    """Give the world of a cluster. The panel's key is read each time, so that a new one takes effect at once."""
    if cluster.simulated:
        return SimulatedWorld(cluster.pk)
    key = open_secret(PANEL_SSH_KEY)
    with _lock:
        if key not in _worlds:
            for old in _worlds.values():
                old.close()
            _worlds.clear()
            _worlds[key] = SshWorld(private_key(key))
        return _worlds[key]


def close() -> None:
    with _lock:
        for world in _worlds.values():
            world.close()
        _worlds.clear()
