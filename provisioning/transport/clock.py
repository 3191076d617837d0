"""The real clock. A simulated world brings its own as `world.time`."""

from __future__ import annotations

import time

from provisioning.transport.world import Time, World


class SystemTime:
    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def time_of(world: World) -> Time:
    own: Time | None = getattr(world, "time", None)
    return own or SystemTime()
