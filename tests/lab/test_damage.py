"""File systems that somebody else's writes have damaged: found by a check, told, and mended by force, through the panel's pages."""

from __future__ import annotations

import re

import pytest

from tests.lab import clients, in_service, machines
from tests.lab.setting_up import ADMIN_PASSWORD, approve, planned
from tests.lab.test_fscare import PAGE, check, whole
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
FILES = 40


def test_damaged_file_systems_are_found_and_mended_by_force(on_call: Walk) -> None:
    walk, watch = on_call, Stopwatch()
    clients.mount()
    for name in ("homes", "media"):
        machines.run(
            "alpha",
            f"cd /srv/{name} && mkdir many && for i in $(seq {FILES}); do echo $i >many/file-with-a-long-name-$i; done; sync",
        )
    block = int(machines.run("alpha", "debugfs -R 'blocks /many' /dev/vg_data/homes 2>/dev/null").split()[0])
    inode = machines.run("alpha", "stat --format=%i /srv/media/many")
    clients.begin_to_write()
    print(damage_ext4(block), flush=True)
    watch.lap("wrote garbage over a directory of homes")
    check(walk, "homes", "snapshot", found="damaged")
    walk.go("/c/lab-files/")
    walk.until("the cluster's page says it", "file system of homes was found damaged", 60)
    watch.lap("the check found it")
    force(walk, "homes", "what it cannot place ends in lost\\+found or is lost")
    watch.lap("mended homes")
    found = machines.run(
        "alpha", "cat /srv/homes/lost+found/* /srv/homes/many/* 2>/dev/null | sort --numeric-sort | uniq"
    )
    assert found.split() == [str(number) for number in range(1, FILES + 1)], found
    clients.writes_on()
    print(damage_xfs(inode), flush=True)
    watch.lap("wrote garbage over the log and a directory of media, which does not mount any more")
    check(walk, "media", "itself", found="damaged|could not be checked", reason="it does not mount")
    force(walk, "media", "Throws the log of XFS away")
    watch.lap("mended media")
    assert in_service.serves("alpha")
    found = machines.run(
        "alpha", "cat /srv/media/lost+found/* /srv/media/many/* 2>/dev/null | sort --numeric-sort | uniq"
    )
    assert found.split() == [str(number) for number in range(1, FILES + 1)], found
    clients.writes_on()
    report = clients.stop_writing()
    clients.checksums_agree()
    print(
        f"acknowledged {report['acknowledged']}, lost {len(report['lost'])}, the client stood still for {report['stalls']} s"
    )
    assert walk.troubles == []


def damage_ext4(block: int) -> str:
    """Out of the kernel's sight, as a controller might: unmounted, so that no cache hides it."""
    return machines.run(
        "alpha",
        "systemctl stop nfs-server && umount /srv/homes && size=$(blkid --probe --match-tag BLOCK_SIZE --output value /dev/vg_data/homes) && "
        f"dd if=/dev/urandom of=/dev/vg_data/homes bs=$size seek={block} count=1 conv=notrunc,fsync && "
        "mount -t ext4 /dev/vg_data/homes /srv/homes && systemctl start nfs-server",
        timeout=120,
    )


def damage_xfs(inode: str) -> str:
    """The start of the log, and the first block of the directory; then it does not mount, and NFS goes on without it."""
    place = (
        f"$(xfs_db -r -c 'inode {inode}' -c 'dblock 0' -c daddr /dev/vg_data/media | grep --only-matching '[0-9]*$')"
    )
    log = "$(xfs_db -r -c 'sb 0' -c 'p logstart' /dev/vg_data/media | grep --only-matching '[0-9]*$')"
    at = f"$(xfs_db -r -c \"convert fsblock {log} daddr\" /dev/vg_data/media | sed 's/.*(\\([0-9]*\\)).*/\\1/')"
    return machines.run(
        "alpha",
        f"systemctl stop nfs-server && umount /srv/media && dir={place} && log={at} && echo directory $dir log $log && "
        "for at in $dir $log; do dd if=/dev/urandom of=/dev/vg_data/media seek=$at count=$([ $at = $log ] && echo 512 || echo 8) "
        "conv=notrunc,fsync; done; mount -t xfs /dev/vg_data/media /srv/media; systemctl start nfs-server; findmnt /srv/media || true",
        timeout=120,
    )


def force(walk: Walk, name: str, costs: str) -> None:
    walk.go(f"{PAGE}{name}/repair/")
    walk.fill(way="forced")
    walk.press(walk.page.locator("#repair-form"), to="/jobs/")
    planned(walk, f"repair-{name}")
    assert re.search(costs, walk.text), walk.text
    assert "No way back" in walk.text
    approve(walk, f"repair-{name}", 400, reason="the check found damage", typed_name=name, password=ADMIN_PASSWORD)
    whole(walk, name)
