"""Names: what LVM, DRBD, Heartbeat and /dev keep for themselves is refused, with a sentence."""

import pytest

from clusters import rules


@pytest.mark.parametrize("name", ["web_files", "a", "Web.Files+1", "x" * 127, "_x", "0", "a-b", "...", "vol."])
def test_lvm_names_that_work(name):
    assert rules.lv_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "-x", "snapshot", "snapshot1", "pvmove0", "a_rimage_0", "x_tdata", "data_vorigin", "a_mlog", "my_pmspare", "a_corig",
     "x" * 128, "a b", "a/b", "a:b", "a\nb", "a\0", "ä", "web‮files", "$(reboot)", "a;b", "`id`", "ｗｅｂ"],
)  # fmt: skip
def test_names_that_lvm_would_refuse_or_keeps(name):
    with pytest.raises(rules.RuleError):
        rules.lv_name(name)


@pytest.mark.parametrize("name", ["Web", "1web", "web-files", "web.files", "w" * 33, "snapshots", "_web"])
def test_a_volume_of_the_panel_is_stricter(name):
    with pytest.raises(rules.RuleError):
        rules.volume_name(name)


def test_a_volume_cannot_stand_where_a_form_stands():
    with pytest.raises(rules.RuleError) as refused:
        rules.volume_name("new")
    assert "form for a new volume" in refused.value.message
    assert rules.volume_name(refused.value.offer) == "new_files"
    with pytest.raises(rules.RuleError) as spelled:
        rules.volume_name("New")
    assert spelled.value.offer == "new_files"


@pytest.mark.parametrize(("typed", "offer"), [("Foo Bär", "foo_bar"), ("ünï", "uni"), ("Straße", ""), ("файлы 2", "")])
def test_no_letter_is_lost_from_a_name_that_is_offered(typed: str, offer: str) -> None:
    with pytest.raises(rules.RuleError) as refused:
        rules.volume_name(typed)
    assert refused.value.offer == offer


@pytest.mark.parametrize("name", ["ada", "ada.lovelace@example.org", "_ada", "1"])
def test_names_of_people(name):
    assert rules.person_name(name) == name


@pytest.mark.parametrize(
    "name", [".", "..", ".ada", "-ada", "ada/level", "panel", "Console", "ada lovelace", "x" * 151, ""]
)
def test_names_that_a_person_cannot_have(name):
    with pytest.raises(rules.RuleError):
        rules.person_name(name)


@pytest.mark.parametrize(
    "name", ["sda", "sdb1", "null", "mapper", "drbd0", "nvme0n1", "shm", "loop7", "tty1", "md0", "vda"]
)
def test_a_volume_group_cannot_take_a_device_s_place(name):
    with pytest.raises(rules.RuleError) as refused:
        rules.vg_name(name)
    assert rules.vg_name(refused.value.offer) == f"vg_{name}"


def test_node_names_are_as_heartbeat_knows_them():
    assert rules.node_name("alice") == "alice"
    assert rules.node_name("alice.example.org") == "alice.example.org"
    with pytest.raises(rules.RuleError) as refused:
        rules.node_name("Alice")
    assert refused.value.offer == "alice"


@pytest.mark.parametrize(
    "name", ["observer", "localhost", "-a", "a-", "a..b", "10.0.0.1", "1", "a_b", "a" * 64, "ali ce", "alice\n", ""]
)
def test_node_names_that_are_none(name):
    with pytest.raises(rules.RuleError):
        rules.node_name(name)


@pytest.mark.parametrize("name", ["web--files", "-web", "web-", "Web", "1web", "w" * 41, "web_files", "../x", "web/"])
def test_cluster_names_that_are_none(name):
    with pytest.raises(rules.RuleError):
        rules.slug(name)


@pytest.mark.parametrize("name", ["all", "none", "0r", "r 0", "r.0", "-r", "r" * 33])
def test_resource_names_that_are_none(name):
    with pytest.raises(rules.RuleError):
        rules.resource_name(name)


@pytest.mark.parametrize("name", ["eth0", "enp3s0f1", "bond0.12", "br-lan"])
def test_interfaces(name):
    assert rules.interface(name) == name


@pytest.mark.parametrize("name", ["lo", ".", "..", "eth0/1", "eth0:1", "x" * 16, "-eth0", "eth 0", ""])
def test_interfaces_that_are_none(name):
    with pytest.raises(rules.RuleError):
        rules.interface(name)


@pytest.mark.parametrize("name", ["-oProxyCommand=x", "root;id", "Root", "1root", "", "a" * 33, "roo t"])
def test_users_that_are_none(name):
    with pytest.raises(rules.RuleError):
        rules.ssh_user(name)


@pytest.mark.parametrize(("text", "number"), [("22", 22), ("65535", 65535), (1, 1)])
def test_ports(text, number):
    assert rules.port(text) == number


@pytest.mark.parametrize("text", ["0", "65536", "-1", "22 ", "२२", "2.2", "", "1e3", "0x16"])
def test_ports_that_are_none(text):
    with pytest.raises(rules.RuleError):
        rules.port(text)


def test_the_snapshot_of_a_check_is_nobodys() -> None:
    """Taken by hand under this name it would be removed by the next check."""
    with pytest.raises(rules.RuleError):
        rules.snapshot_name("storagepanel-check")
