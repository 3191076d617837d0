"""What a script may say about checks, repairs, trims and quotas."""

from __future__ import annotations

from typing import Any

from clusters.models import Care
from provisioning.intents import CheckVolume, EditQuota, RepairVolume, TrimVolume
from provisioning.simulator import store

MIB = 1024**2


class CareVerbs:
    cluster: Any
    change: Any
    say: Any

    def do_check(self, name: str, mib: str = "0") -> None:
        """`check homes 64` in a snapshot with so much room, `check homes` of the volume itself."""
        self.change("volume.check", CheckVolume(self.cluster.slug, name, int(mib) * MIB))
        self.tell_care(name)

    def do_repair(self, name: str, how: str) -> None:
        forced = how == "forced"
        self.change("volume.repair", RepairVolume(self.cluster.slug, name, forced), typed_name=name if forced else "")
        self.tell_care(name)

    def do_trim(self, name: str) -> None:
        self.change("volume.trim", TrimVolume(self.cluster.slug, name))
        self.tell_care(name)

    def do_quota(self, volume: str, kind: str, who: str, hard_mib: str) -> None:
        self.change("quota.edit", EditQuota(self.cluster.slug, volume, kind, who, hard=int(hard_mib) * 1024))
        with store.opened(self.cluster.pk) as pair:
            self.say(f"  limits on {volume}: {pair.inside.lvs[volume].quotas}")

    def do_damage(self, volume: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            pair.inside.lvs[volume].damaged = True

    def do_unmount(self, node: str, point: str) -> None:
        """By hand, or because it did not mount after a restart."""
        with store.opened(self.cluster.pk) as pair:
            del pair.machines[node].mounts[point]

    def do_deaf(self, node: str, disk: str) -> None:
        """A disk that takes no discards."""
        with store.opened(self.cluster.pk) as pair:
            pair.machines[node].deaf.append(disk)

    def tell_care(self, name: str) -> None:
        row = Care.objects.filter(volume__cluster=self.cluster, volume__name=name).first()
        told = "nothing known" if row is None else f"{row.kind} {row.verdict or row.freed}"
        with store.opened(self.cluster.pk) as pair:
            left = [lv for lv in pair.inside.lvs if lv.endswith("-storagepanel-check")]
            served = [name for name, one in pair.machines.items() if one.nfsd]
        self.say(
            f"  {name}: {told}; served by {', '.join(served) or 'nobody'}{'; left behind: ' + left[0] if left else ''}"
        )
