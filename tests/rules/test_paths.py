"""Mount points, exported directories and disks."""

import pytest

from clusters import rules


@pytest.mark.parametrize(
    "path", ["/srv/web", "/export/a/b", "/data", "/var/www", "/home/shared", "/srv/a.b-c+d@e=f", "/varnish"]
)
def test_mount_points(path):
    assert rules.mount_point(path) == path


@pytest.mark.parametrize(
    "path",
    ["", "srv", "/", "/srv", "/home", "/etc", "/etc/x", "/srv/../etc", "/srv/./x", "/dev/drbd0", "/usr/share/x", "/var/lib/nfs",
     "/proc/1", "/srv/a b", "/srv/a::b", "/srv/a:b", "/srv/ä", "/srv/a\nb", "/srv/$HOME", "/srv/'x'", "/srv/" + "x" * 200, "/tmp/x",
     "/boot", "/root/x", "/run", "/srv/a\\040b", "/srv/*", "/srv/#x", "~/x"],
)  # fmt: skip
def test_mount_points_that_are_none(path):
    with pytest.raises(rules.RuleError):
        rules.mount_point(path)


@pytest.mark.parametrize(
    ("typed", "offered"), [("/srv//web", "/srv/web"), ("/srv/web/", "/srv/web"), ("srv/web", "/srv/web")]
)
def test_the_path_that_was_meant_is_offered(typed, offered):
    with pytest.raises(rules.RuleError) as refused:
        rules.mount_point(typed)
    assert refused.value.offer == offered


@pytest.mark.parametrize("path", ["/", "/srv", "/srv/a (rw)", "/srv/a,b", '/srv/"x"'])
def test_directories_that_are_not_exported(path):
    with pytest.raises(rules.RuleError):
        rules.export_path(path)


def test_lying_in_a_volume_is_about_directories_not_letters():
    assert rules.lies_in("/srv/web", "/srv/web")
    assert rules.lies_in("/srv/web/a", "/srv/web")
    assert not rules.lies_in("/srv/website", "/srv/web")


@pytest.mark.parametrize("path", ["/dev/vdb", "/dev/disk/by-id/nvme-eui.0025", "/dev/mapper/vg-lv"])
def test_disks(path):
    assert rules.device(path) == path


@pytest.mark.parametrize(
    "path", ["vdb", "/dev", "/dev/", "/etc/passwd", "/dev/../etc/passwd", "/dev/vdb;reboot", "--all"]
)
def test_disks_that_are_none(path):
    with pytest.raises(rules.RuleError):
        rules.device(path)
