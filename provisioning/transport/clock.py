"""The real clock. Simulated worlds bring their own."""

from __future__ import annotations

import time


class SystemTime:
    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
