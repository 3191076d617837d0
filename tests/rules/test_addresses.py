"""Addresses, networks and the clients of an export."""

import pytest

from clusters import rules


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("10.0.0.5", "10.0.0.5"), ("10.0.0.0/24", "10.0.0.0/24"), ("10.0.0.0/255.255.255.0", "10.0.0.0/24"), ("10.0.0.5/32", "10.0.0.5"),
     ("2001:DB8::1", "2001:db8::1"), ("2001:db8::/64", "2001:db8::/64"), ("web1", "web1"), ("web1.example.org", "web1.example.org"),
     ("web[0-9].example.org", "web[0-9].example.org"), ("[ab]*.example.org", "[ab]*.example.org"), ("n[0-9a-f]", "n[0-9a-f]"),
     ("*.example.org", "*.example.org"), ("web?.example.org", "web?.example.org"), ("@trusted", "@trusted"), ("*", "*")],
)  # fmt: skip
def test_clients(typed, kept):
    assert rules.network_client(typed) == kept


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("10.1.2.3/8", "10.0.0.0/8"), ("10.0.0.7/24", "10.0.0.0/24"), ("0.0.0.0/0", "*"), ("::/0", "*"), ("10.0.0.5 (rw)", "10.0.0.5"),
     ("10.0.0.5(rw)", "10.0.0.5"), ("10.0.0.*", "10.0.0.0/24"), ("10.*", "10.0.0.0/8"), ("10.0.0.1, 10.0.0.2", "10.0.0.1"), ("**", "*"),
     ("2001:db8::1/64", "2001:db8::/64"), ("[2001:db8::1]", "2001:db8::1"), ("::ffff:10.0.3.7", "10.0.3.7")],
)  # fmt: skip
def test_the_client_that_was_meant_is_offered(typed, offered):
    with pytest.raises(rules.RuleError) as refused:
        rules.network_client(typed)
    assert refused.value.offer == offered
    assert rules.network_client(offered) == offered


@pytest.mark.parametrize(
    "typed",
    ["", " ", "10.0.0.300", "10.0.0", "10.0.0.0/33", "1", "@", "@-x", "@a b", "-web", "web_/24", "10.0.0.5\n*(rw)", "we\0b", "wéb",
     "www.ｅxample.org", "‮web", "x" * 64 + ".org", "a" * 254, "*.*(rw", "host;id", "224.0.0.1", "255.255.255.255",
     "169.254.0.0/16", "fe80::/10", "fe80::/64", "ff00::/8", "224.0.0.0/4",
     "169.254.169.254", "0.0.0.0", "fe80::1%eth0", "gss/krb5", "#web", '"web"', "\\web", "10..0.1", "*..org", "300.*"],
)  # fmt: skip
def test_clients_that_are_none(typed):
    with pytest.raises(rules.RuleError):
        rules.network_client(typed)


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("web[0-9.example.org", "a bracket too many"),
        ("web0-9].example.org", "a bracket too many"),
        ("web[[0-9]].example.org", "a bracket too many"),
        ("web[[:digit:]].example.org", "between [ and ] stand"),
        ("web[].example.org", "between [ and ] stand"),
        ("web[0-].example.org", "between [ and ] stand"),
        ("web[A-Z].example.org", "small letters"),
        ("web[^0-9].example.org", "which characters are not meant"),
        ("10.0.0.[1-9]", "never against addresses"),
        ("web[9-0].example.org", "9-0 goes backwards"),
        ("[]", "between [ and ] stand"),
    ],
)
def test_a_class_of_characters_is_refused_with_its_own_reason(typed, why):
    """It was called a name with characters that no name may hold."""
    with pytest.raises(rules.RuleError) as refused:
        rules.network_client(typed)
    assert why in refused.value.message


def test_the_oldest_trap_is_explained():
    with pytest.raises(rules.RuleError, match="everybody"):
        rules.network_client("web1 (rw)")


@pytest.mark.parametrize("value", ["10.0.0.50", "192.168.77.50"])
def test_service_addresses(value):
    assert rules.service_ip(value) == value


@pytest.mark.parametrize(
    "value",
    ["", "10.0.0", "10.0.0.50/24", "127.0.0.1", "0.0.0.0", "224.0.0.5", "169.254.1.1", "2001:db8::1", "010.0.0.1", "10.0.0.1 ", "ten",
     "255.255.255.255", "1" * 50],
)  # fmt: skip
def test_service_addresses_that_are_none(value):
    with pytest.raises(rules.RuleError):
        rules.service_ip(value)


@pytest.mark.parametrize("value", ["10.0.0.11", "127.0.0.1", "alice.example.org", "2001:db8::11", "alice"])
def test_ssh_addresses(value):
    assert rules.ssh_host(value) == value


@pytest.mark.parametrize(
    "value",
    ["", "-oProxyCommand=id", "root@alice", "alice:22", "alice;id", "169.254.169.254", "0.0.0.0", "224.0.0.1", "fe80::1%eth0", "al ice",
     "alice\n", "10.0.0.999", "[::1]", "fe80::1", "a..b"],
)  # fmt: skip
def test_ssh_addresses_that_are_none(value):
    with pytest.raises(rules.RuleError):
        rules.ssh_host(value)
