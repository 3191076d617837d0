"""What a full reading tells of the thin pools in the volume group on DRBD, as it is kept with the node that has the group active. Pure."""

from __future__ import annotations

from dataclasses import asdict

from provisioning.observed import NodeObserved
from provisioning.plans.parts import thin


def pool_rows(seen: NodeObserved, vg: str) -> list[dict[str, object]]:
    return [asdict(thin.view(seen, pool)) for pool in sorted(seen.pools(vg), key=lambda pool: pool.name)]
