"""What an address gets from a list of clients, in the order in which rpc.mountd looks."""

import pytest

from clusters.export_access import ClientKind, access_of, by_name, kind_of, may, narrower, overlaps, what_gets

RW = ("rw", "sync", "root_squash")
RO = ("ro", "sync", "root_squash")
ROOT = ("rw", "no_root_squash")


@pytest.mark.parametrize(
    ("client", "kind", "named"),
    [
        ("10.0.3.7", ClientKind.HOST, False), ("2001:db8::7", ClientKind.HOST, False), ("nas.example.org", ClientKind.HOST, True),
        ("10.0.0.0/8", ClientKind.NETWORK, False), ("2001:db8::/32", ClientKind.NETWORK, False), ("*.example.org", ClientKind.WILDCARD, True),
        ("web?", ClientKind.WILDCARD, True), ("@trusted", ClientKind.NETGROUP, True), ("*", ClientKind.EVERYBODY, False),
    ],
)  # fmt: skip
def test_kinds_of_clients(client, kind, named):
    assert (kind_of(client), by_name(client)) == (kind, named)


@pytest.mark.parametrize(
    ("address", "clients", "sentence"),
    [
        ("10.0.3.7", [("10.0.0.0/8", RW)], "10.0.3.7 may read and write, root squashed, as part of 10.0.0.0/8."),
        ("10.0.3.7", [("10.0.0.0/8", RW), ("10.0.3.7", RO)], "10.0.3.7 may only read, root squashed, as 10.0.3.7."),
        ("10.0.3.7", [("10.0.0.0/8", RW), ("10.0.3.0/24", RO)], "10.0.3.7 may read and write, root squashed, as part of 10.0.0.0/8."),
        ("10.0.3.7", [("10.0.3.0/24", RO), ("10.0.0.0/8", RW)], "10.0.3.7 may only read, root squashed, as part of 10.0.3.0/24."),
        ("10.0.3.7", [("*", RO), ("10.0.0.0/8", ROOT)], "10.0.3.7 may read and write, root stays root, as part of 10.0.0.0/8."),
        ("192.0.2.1", [("*", RO), ("10.0.0.0/8", RW)], "192.0.2.1 may only read, root squashed, as everybody (*)."),
        ("192.0.2.1", [("10.0.0.0/8", RW)], "192.0.2.1 may not mount it."),
        ("192.0.2.1", [], "192.0.2.1 may not mount it."),
        ("2001:db8::7", [("10.0.0.0/8", RO), ("2001:db8::/32", RW)], "2001:db8::7 may read and write, root squashed, as part of 2001:db8::/32."),
        ("::ffff:10.0.3.7", [("10.0.0.0/8", RW)], "10.0.3.7 may read and write, root squashed, as part of 10.0.0.0/8."),
        ("::ffff:a00:307", [("10.0.3.7", RO)], "10.0.3.7 may only read, root squashed, as 10.0.3.7."),
        ("2001:DB8::7", [("2001:db8:0::7", RW)], "2001:db8::7 may read and write, root squashed, as 2001:db8:0::7."),
        ("10.0.3.7", [("nas", RO), ("10.0.0.0/8", RW)],
         "It depends on the name: if it is nas, it may only read, root squashed; otherwise 10.0.3.7 may read and write, root squashed, "
         "as part of 10.0.0.0/8."),
        ("10.0.3.7", [("nas", RW), ("10.0.0.0/8", RW)], "10.0.3.7 may read and write, root squashed, as part of 10.0.0.0/8."),
        ("10.0.3.7", [("*.example.org", RO), ("10.0.0.0/8", RW)], "10.0.3.7 may read and write, root squashed, as part of 10.0.0.0/8."),
        ("10.0.3.7", [("*.example.org", RO), ("@hosts", ROOT)],
         "It depends on the name: if it is *.example.org, it may only read, root squashed; if it is a member of @hosts, it may read and write, "
         "root stays root; otherwise 10.0.3.7 may not mount it."),
        ("10.0.3.7", [("@hosts", RO), ("*", RW)],
         "It depends on the name: if it is a member of @hosts, it may only read, root squashed; otherwise 10.0.3.7 may read and write, "
         "root squashed, as everybody (*)."),
        ("nas", [("nas", RO)], "nas may only read, root squashed, as long as the server finds this name for its address."),
        ("web1", [("nas", RO)], "“web1” is not an address. What a name gets depends on the address it comes from."),
        ("", [("*", RO)], "“” is not an address. What a name gets depends on the address it comes from."),
    ],
)  # fmt: skip
def test_what_an_address_gets(address, clients, sentence):
    assert what_gets(address, clients).sentence == sentence


def test_an_address_of_the_other_kind_does_not_come_in():
    """It was told what it may do, and nothing of that it could ever do."""
    gets = what_gets("2001:db8::7", [("*", RW)], "10.10.0.50")
    assert (gets.client, gets.sure) == ("", True)
    assert gets.sentence == (
        "2001:db8::7 cannot reach the service IP 10.10.0.50 by IPv6, for that is IPv4. Ask for its IPv4 address."
    )
    mapped = what_gets("::ffff:10.0.3.7", [("*", RW)], "10.10.0.50")
    assert mapped.sentence == "10.0.3.7 may read and write, root squashed, as everybody (*)."


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("rw", "may read and write, root squashed"), ("", "may only read, root squashed"), ("rw,ro", "may only read, root squashed"),
        ("rw,all_squash", "may read and write, everybody squashed"),
        ("rw,all_squash,anonuid=1000,anongid=100", "may read and write, everybody squashed to 1000:100"),
        ("ro,anonuid=99", "may only read, root squashed to 99:65534"),
        ("rw,sec=krb5p:krb5i", "may read and write, root squashed, with encrypted Kerberos or with signed Kerberos"),
        ("rw,async,no_root_squash", "may read and write, root stays root, answered before it is on disk"),
        ("rw,future=1", "may read and write, root squashed, with future=1"),
    ],
)  # fmt: skip
def test_options_in_words(options, words):
    assert may([option for option in options.split(",") if option]) == words


@pytest.mark.parametrize(
    ("clients", "said"),
    [
        ([("10.0.0.0/8", RW), ("10.1.0.0/16", RO)],
         ["10.1.0.0/16 lies within 10.0.0.0/8, which stands before it: NFS takes the first, so 10.1.0.0/16 never applies."]),
        ([("10.1.0.0/16", RO), ("10.0.0.0/8", RW)],
         ["10.1.0.0/16 lies within 10.0.0.0/8 and stands before it, so its addresses get the options of 10.1.0.0/16."]),
        ([("10.0.0.0/8", RW), ("10.1.0.0/16", RW)], []), ([("10.0.0.0/8", RW), ("192.0.2.0/24", RO)], []),
        ([("10.0.0.0/8", RW), ("2001:db8::/32", RO)], []), ([("10.0.0.0/8", RW), ("10.1.2.3", RO)], []),
        ([("10.0.0.0/8", RW), ("@hosts", RO)], []),
    ],
)  # fmt: skip
def test_networks_that_overlap_with_other_options(clients, said):
    assert list(overlaps(clients)) == said


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("rw", "ro", "may only read from now on"), ("ro", "rw", ""), ("rw", "rw,async", ""),
        ("rw,sec=sys:krb5", "rw,sec=krb5", "is refused with sec=sys from now on"), ("rw,no_root_squash", "rw", "loses its root's rights"),
        ("rw", "rw,all_squash", "becomes one user for all of its users"), ("rw,insecure", "rw", "is refused from ports above 1023 from now on"),
        ("rw", "rw,subtree_check", "may get errors for files it has open or renames from now on"), ("rw,subtree_check", "rw", ""),
        ("rw,all_squash,anonuid=5", "rw,all_squash,anonuid=6", "becomes another user here"),
    ],
)  # fmt: skip
def test_what_a_client_loses(before, after, says):
    assert narrower(access_of(before.split(",")), access_of(after.split(","))) == says
