"""Every file that is written on a node, byte for byte."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from provisioning.desired import BackingKind, DesiredExport, DesiredVolume, ExportClient
from provisioning.render import drbd, fencing, heartbeat, nfs
from provisioning.render.lvm import OTHER_NAMES, local_settings, mapper, own_patterns, patterns
from provisioning.render.managed import ManagedFile, is_ours, with_block, without_block
from tests.golden import check
from tests.pair import HEARTBEAT, desired

GOLDEN = Path(__file__).parent / "golden"
ALICE = desired().nodes[0]


def every_file() -> list[tuple[str, ManagedFile]]:
    wanted = desired()
    files = (
        *fencing.handlers(wanted, ALICE),
        fencing.key(ALICE),
        fencing.known_hosts(wanted, ALICE),
        drbd.resource(wanted),
        nfs.exports(wanted),
        nfs.settings(wanted),
        *HEARTBEAT.files(wanted, ALICE),
    )
    return [(Path(file.path).name, file) for file in files]


@pytest.mark.parametrize(("name", "file"), every_file(), ids=[name for name, _ in every_file()])
def test_a_file_of_alice(name: str, file: ManagedFile) -> None:
    check(GOLDEN / name, str(file.content))


def test_the_resource_over_a_whole_disk() -> None:
    text = str(drbd.resource(desired(BackingKind.DISK)).content)
    check(GOLDEN / "r0-whole-disk.res", text)


@pytest.mark.parametrize("name", [name for name, file in every_file() if "key" not in name or name == "authkeys"])
def test_a_file_says_by_what_it_is_managed(name: str) -> None:
    text = str(dict(every_file())[name].content)
    assert is_ours(text, "web-files")
    assert not is_ours(text, "web")


def test_what_is_secret_stays_dots_and_is_readable_by_root_only() -> None:
    secret = {name: file for name, file in every_file() if file.secret}
    assert set(secret) == {"storagepanel-fence.key", "r0.res", "authkeys"}
    assert {file.mode for file in secret.values()} == {"0600"}
    assert "1 sha1 ••••\n" in str(secret["authkeys"].content)


@pytest.mark.parametrize("name", ["storagepanel-fence-peer", "storagepanel-outdate-here", "storagepanel-mark"])
def test_a_handler_is_a_shell_script_that_parses(name: str) -> None:
    shell = shutil.which("dash") or shutil.which("sh") or ""
    subprocess.run([shell, "-n"], input=str(dict(every_file())[name].content), text=True, check=True)


def test_both_nodes_get_the_same_files_where_they_must() -> None:
    wanted = desired()
    one, other = (HEARTBEAT.files(wanted, node) for node in wanted.nodes)
    assert one == other


def test_interfaces_with_different_names() -> None:
    wanted = desired()
    bob = replace(wanted.nodes[1], service_interface="ens5")
    wanted = replace(wanted, nodes=(wanted.nodes[0], bob))
    assert "IPaddr2::192.0.2.10/24\n" in str(heartbeat.haresources(wanted).content)
    assert "ucast ens5 192.0.2.11\nucast ens5 192.0.2.12\n" in str(heartbeat.ha_cf(wanted, bob).content)


def test_one_network_is_one_path() -> None:
    wanted = desired()
    nodes = tuple(
        replace(n, replication_interface=n.service_interface, replication_address=n.service_address)
        for n in wanted.nodes
    )
    text = str(heartbeat.ha_cf(replace(wanted, nodes=nodes), nodes[0]).content)  # type: ignore[arg-type]
    assert text.count("ucast") == 2


def test_a_volume_below_another_is_mounted_after_it() -> None:
    wanted = desired()
    volumes = (DesiredVolume("inner", 1, "ext4", "/srv/homes/inner"), *wanted.volumes)
    text = str(heartbeat.haresources(replace(wanted, volumes=volumes)).content)
    assert text.index("/srv/homes::ext4") < text.index("/srv/homes/inner::ext4")


def test_the_panel_gives_fsid_and_mountpoint_whatever_the_client_asks() -> None:
    wanted = desired()
    client = ExportClient("*", ("rw", "fsid=0", "mountpoint=/tmp"))
    export = DesiredExport("/srv/media/a b#c", 9, (client, ExportClient("@hosts", ("ro",))), "media")
    text = str(nfs.exports(replace(wanted, exports=(export,))).content).splitlines()[-1]
    assert text == "/srv/media/a\\040b\\043c *(rw,mountpoint=/srv/media,fsid=9) @hosts(ro,mountpoint=/srv/media,fsid=9)"


def test_an_address_of_version_six() -> None:
    wanted = desired()
    nodes = tuple(replace(n, replication_address=f"fd00::{i}") for i, n in enumerate(wanted.nodes, start=1))
    assert "address ipv6 [fd00::2]:7788;" in str(drbd.resource(replace(wanted, nodes=nodes)).content)  # type: ignore[arg-type]


def test_the_filter_is_the_opposite_for_the_two_stackings() -> None:
    above_lv = own_patterns(desired(), ALICE)
    assert above_lv == ("a|^/dev/drbd0$|", "r|^/dev/vg_local/r0$|", "r|^/dev/mapper/vg_local-r0$|")
    whole = desired(BackingKind.DISK)
    assert own_patterns(whole, whole.nodes[0]) == ("a|^/dev/drbd0$|", "r|^/dev/vdb$|")
    named = replace(whole.nodes[0], backing=replace(whole.nodes[0].backing, link="/dev/disk/by-id/wwn-0x5"))
    own = own_patterns(whole, named)
    assert own == ("a|^/dev/drbd0$|", OTHER_NAMES, "r|^/dev/disk/by-id/wwn-0x5$|")
    assert "second pattern" in local_settings(None, "web-files", own)
    assert mapper("vg-a", "b-c") == "/dev/mapper/vg--a-b--c"


def test_a_filter_that_was_there_stays_behind_ours_and_accepts_nothing_more() -> None:
    own = own_patterns(desired(), ALICE)
    assert patterns(desired(), ALICE, ("a|.*|",)) == own
    assert patterns(desired(), ALICE, (*own, "r|^/dev/sr0$|", "a|.*|")) == (*own, "r|^/dev/sr0$|")


SHARED = "first line \\\n\tsecond\n\n# third without an end"


def test_a_block_leaves_every_other_line_as_it_is() -> None:
    once = with_block(SHARED, "web-files", "ours\n")
    assert once.startswith(SHARED + "\n")
    assert with_block(once, "web-files", "ours") == once
    twice = with_block(once + "after\n", "web-files", "new")
    assert "ours" not in twice
    assert without_block(twice, "web-files") == SHARED + "\nafter\n"
    assert without_block(SHARED, "web-files") == SHARED
    other = with_block(once, "mail", "theirs")
    assert "ours" in other
    assert without_block(once, "web") == once
    assert without_block(other, "mail") == once


def test_lvms_local_settings() -> None:
    text = local_settings("local {\n}\n", "web-files", own_patterns(desired(), ALICE))
    check(GOLDEN / "lvmlocal.conf", text)


def test_the_peers_key_may_do_one_thing() -> None:
    text = fencing.authorized_keys(desired(), ALICE, "ssh-ed25519 PANELKEY storagepanel\n")
    check(GOLDEN / "authorized_keys", text)


LISTED = (  # what `exportfs -v` of nfs-utils 2.6.2 printed for these options; the last line on a node of the lab, with a running server
    ("rw,sync,insecure,all_squash,anonuid=1000,anongid=1001,no_wdelay,nohide,crossmnt,subtree_check,insecure_locks,no_acl,nordirplus,"
     "security_label,mountpoint=/srv/homes,fsid=7,sec=krb5p:krb5:sys",
     "sync,no_wdelay,nohide,crossmnt,insecure_locks,nordirplus,security_label,no_acl,fsid=7,mountpoint=/srv/homes,anonuid=1000,anongid=1001,"
     "sec=krb5p:krb5:sys,rw,insecure,root_squash,all_squash"),
    ("rw,async,no_root_squash,no_all_squash,no_subtree_check,mountpoint,fsid=9",
     "async,wdelay,hide,no_subtree_check,fsid=9,mountpoint,sec=sys,rw,secure,no_root_squash,no_all_squash"),
    ("no_subtree_check,crossmnt,insecure_locks,nordirplus,no_acl,anonuid=5",
     "sync,wdelay,hide,crossmnt,no_subtree_check,insecure_locks,nordirplus,no_acl,anonuid=5,sec=sys,ro,secure,root_squash,no_all_squash"),
    ("rw,sync,no_subtree_check,no_root_squash,fsid=101",
     "sync,wdelay,hide,no_subtree_check,fsid=101,sec=sys,rw,secure,no_root_squash,no_all_squash"),
)  # fmt: skip


@pytest.mark.parametrize(("options", "shown"), LISTED)
def test_options_as_exportfs_shows_them(options: str, shown: str) -> None:
    assert nfs.listed(options.split(",")) == shown


def test_an_option_that_nothing_is_known_of_is_not_shown_as_anything() -> None:
    assert nfs.listed(("rw", "from_the_future=3")) == ""


def test_a_client_is_never_longer_in_the_table_than_it_is_said_to_be() -> None:
    """The line that nfs-utils wrote into its table for these options; 512 characters and more were not read again."""
    written = (
        "10.0.0.0/8(rw,sync,no_wdelay,nohide,crossmnt,insecure,root_squash,all_squash,subtree_check,insecure_locks,no_acl,nordirplus,"
        "security_label,no_pnfs,fsid=7,mountpoint=/srv/homes,anonuid=1000,anongid=1001,sec=krb5p:krb5:sys,rw,root_squash,all_squash)"
    )
    assert len(written) <= nfs.held("10.0.0.0/8", LISTED[0][0].split(",")) <= len(written) + 60
