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
    ("options", "says"),
    [
        ("noatime noexec", "The mount options contain a blank"),
        ("a" * 201, "The mount options have 201 characters"),
        ("noatime,", "The mount options have a comma too many"),
    ],
)
def test_options_are_many(options, says):
    with pytest.raises(rules.RuleError, match=says):
        rules.mount_options(options)
    with pytest.raises(rules.RuleError, match="The options contain a blank"):
        rules.export_options("rw, sync")


@pytest.mark.parametrize(
    ("fstype", "options"),
    [("ext4", ""), ("ext4", "noatime,commit=30"), ("ext4", "data=journal,errors=remount-ro"), ("ext4", "acl,usrquota"),
     ("xfs", "uquota,gquota,logbsize=64k"), ("xfs", "inode64,logbufs=8,discard"), ("xfs", "allocsize=64k")],
)  # fmt: skip
def test_mount_options_of_a_file_system(fstype, options):
    assert rules.mount_options_of(fstype, options) == options


@pytest.mark.parametrize(
    ("fstype", "options", "says", "offer"),
    [("ext4", "noatmie", "not an option the panel knows for ext4", "noatime"), ("xfs", "nosuid,noatmie", "for XFS", "nosuid,noatime"),
     ("xfs", "nosuid,acl", "acl is an option of ext4; XFS does not have it", "nosuid"), ("ext4", "inode64", "an option of XFS", ""),
     ("ext4", "foo=bar", "“foo=bar” is not an option", ""), ("ext4", "commit", "not a value that commit", ""),
     ("ext4", "data=none", "not a value that data", ""), ("ext4", "comit=30,noexec", "knows for ext4", "commit=30,noexec"),
     ("xfs", "discard=yes", "discard takes no value", "discard"), ("ext4", "prjquota", "an option of XFS", ""),
     ("ext4", "ro", "export it read only", "")],
)  # fmt: skip
def test_mount_options_that_a_file_system_would_refuse(fstype, options, says, offer):
    with pytest.raises(rules.RuleError, match=says) as refused:
        rules.mount_options_of(fstype, options)
    assert refused.value.offer == offer


def test_a_mount_option_that_stands_already_is_kept():
    assert rules.mount_options_of("ext4", "foo=bar,noatime", kept=["foo=bar"]) == "foo=bar,noatime"


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


@pytest.mark.parametrize(
    ("options", "offer"),
    [("rw,sec=krb5,sec=sys,sync", "rw,sec=krb5:sys,sync"), ("sec=krb5p:krb5i,sec=krb5i:sys", "sec=krb5p:krb5i:sys"),
     ("sec=krb5,rw,sec=sys,ro", ""), ("sec=krb6,sec=sys", "")],
)  # fmt: skip
def test_sections_of_flavours_are_told_how_they_can_be_written(options, offer):
    with pytest.raises(rules.RuleError, match="Several flavours go into one, as in sec=krb5:sys") as refused:
        rules.export_options(options)
    assert refused.value.offer == offer


def test_the_fsid_is_the_panel_s():
    with pytest.raises(rules.RuleError) as refused:
        rules.export_options("rw,fsid=7,sync")
    assert refused.value.offer == "rw,sync"


@pytest.mark.parametrize(
    ("rule", "typed", "offer"),
    [
        (rules.mount_options, "noatime noexec", "noatime,noexec"),
        (rules.export_options, "rw  sync", "rw,sync"),
        (rules.owner, "ada staff", ""),
        (rules.mount_point, "/srv/a b", ""),
        (rules.ssh_host, "10.10.0. 7", "10.10.0.7"),
    ],
)
def test_words_do_not_run_together_in_what_is_offered(rule, typed, offer):
    with pytest.raises(rules.RuleError) as refused:
        rule(typed)
    assert refused.value.offer == offer
