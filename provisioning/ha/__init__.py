"""Cluster managers. `BACKENDS` names those that are offered; Pacemaker is read by `facts` and not offered yet."""

from __future__ import annotations

from provisioning.ha.base import Backend
from provisioning.ha.heartbeat import Heartbeat

BACKENDS: dict[str, Backend] = {"heartbeat": Heartbeat()}
