"""Options of mounts and exports."""

import pytest

from clusters import rules


@pytest.mark.parametrize("options", ["", "noatime", "noatime,commit=30", "uquota,gquota", "inode64,logbufs=8,discard"])
def test_mount_options(options):
    assert rules.mount_options(options) == options


@pytest.mark.parametrize(
    "options",
    ["noatime,", ",noatime", "noatime noexec", "NOATIME", "bind", "remount,ro", "ro", "loop=/dev/loop0", "users", "logdev=/dev/sdb",
     "noatime,noatime", "commit=30,commit=5", "a::b", "x=$(id)", "-oloop", "noatime;reboot", "x=\n", "a" * 201],
)  # fmt: skip
def test_mount_options_that_are_refused(options):
    with pytest.raises(rules.RuleError):
        rules.mount_options(options)


@pytest.mark.parametrize(
    "options",
    ["rw,sync,no_subtree_check,root_squash", "ro", "rw,all_squash,anonuid=1000,anongid=1000", "sec=krb5p:krb5i,rw", "ro,crossmnt,nordirplus",
     "security_label"],
)  # fmt: skip
def test_export_options(options):
    assert rules.export_options(options) == options


@pytest.mark.parametrize(
    "options",
    ["rw,ro", "sync,async", "rw,rw", "no_root_squash,root_squash", "fsid=0", "rw,fsid=12", "anonuid=root", "anonuid=-1", "sec=none,sec=sys",
     "sec=krb6", "rw(", "rw)", "rw 10.0.0.1(rw", "exec", "RW", "rw,", "refer=/x@evil", "replicas=/x@y", "rw\n/etc *(rw", "mp=/etc",
     "mountpoint", "pnfs", "xprtsec=tls", "secure_locks,no_auth_nlm", "sec", "sec=", "rw=x", "reexport=auto-fsidnum"],
)  # fmt: skip
def test_export_options_that_are_refused(options):
    with pytest.raises(rules.RuleError):
        rules.export_options(options)


def test_a_slip_is_told_what_was_meant():
    with pytest.raises(rules.RuleError) as refused:
        rules.export_options("rw,no_root_sqash")
    assert refused.value.offer == "no_root_squash"


def test_the_fsid_is_the_panel_s():
    with pytest.raises(rules.RuleError) as refused:
        rules.export_options("rw,fsid=7,sync")
    assert refused.value.offer == "rw,sync"
