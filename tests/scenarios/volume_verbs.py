"""What a script may say about volumes in service and the device below them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from provisioning.intents import DeleteVolume, EditVolume, GrowResource, GrowVolume
from provisioning.simulator import store
from provisioning.simulator.state import Lv
from provisioning.simulator.volume_words import mounted_lv
from provisioning.snapshot import desired_of

GIB = 1024**3


class VolumeVerbs:
    cluster: Any
    change: Any
    say: Any

    def do_grow(self, name: str, gib: str) -> None:
        self.change("volume.grow", GrowVolume(self.cluster.slug, name, int(gib) * GIB))

    def do_edit(self, name: str, *changes: str) -> None:
        """`edit homes name=houses mount_point=/srv/houses mount_options=noatime`."""
        was = desired_of(self.cluster).volume(name)
        assert was
        fields: dict[str, Any] = dict(change.split("=", 1) for change in changes)
        if "mount_options" in fields:
            fields["mount_options"] = tuple(word for word in fields["mount_options"].split(",") if word)
        self.change("volume.edit", EditVolume(self.cluster.slug, name, replace(was, **fields)))

    def do_delete(self, name: str) -> None:
        was = desired_of(self.cluster).volume(name)
        assert was
        self.change("volume.delete", DeleteVolume(self.cluster.slug, was), typed_name=name)

    def do_device(self, gib: str) -> None:
        self.change("resource.grow", GrowResource(self.cluster.slug, int(gib) * GIB))

    def do_foreign_lv(self, name: str, gib: str, fstype: str) -> None:
        """Somebody makes a volume by hand."""
        with store.opened(self.cluster.pk) as pair:
            pair.inside.lvs[name] = Lv(int(gib) * GIB, fstype)

    def do_half_format(self, name: str, fstype: str) -> None:
        """A power loss in the middle of mkfs: the first block stands, the rest does not."""
        with store.opened(self.cluster.pk) as pair:
            pair.inside.lvs[name].fstype = fstype

    def do_litter(self, node: str, directory: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            pair.machines[node].directories.append(directory)
            pair.machines[node].litter.append(directory)

    def do_clear(self, node: str, directory: str) -> None:
        with store.opened(self.cluster.pk) as pair:
            pair.machines[node].litter.remove(directory)

    def do_look_at(self, name: str) -> None:
        """What LVM, the mounts and both service groups say of a volume."""
        with store.opened(self.cluster.pk) as pair:
            lv = pair.inside.lvs.get(name)
            size = f"{lv.size // GIB} GiB, file system {(lv.fs_size or lv.size) // GIB} GiB" if lv else "no such volume"
            self.say(f"  {name}: {size}")
            for machine in pair.machines.values():
                named = f"/{name}::" in machine.files["/etc/ha.d/haresources"].text
                here = [point for point in machine.mounts if lv and mounted_lv(pair, machine, point) is lv]
                told = f"{'names' if named else 'does not name'} it"
                self.say(f"  {machine.name}: {told}, {'mounted at ' + ', '.join(here) if here else 'not mounted'}")

    def do_members(self) -> None:
        """Which file systems the service group of each node names."""
        with store.opened(self.cluster.pk) as pair:
            for machine in pair.machines.values():
                words = machine.files["/etc/ha.d/haresources"].text.split()
                told = ", ".join(word for word in words if word.startswith("Filesystem::"))
                self.say(f"  {machine.name}: {told}")
