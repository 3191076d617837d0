"""An export that asks for Kerberos, on the real pair: told what is missing first; then mounted, written, and kept across a failover."""

from __future__ import annotations

import pytest

from tests.lab import kerberos, machines
from tests.lab.places import PAIR
from tests.lab.setting_up import approve, planned
from tests.lab.walk import Stopwatch, Walk

pytestmark = pytest.mark.lab
PATH = "/srv/homes"


def test_kerberos_is_told_served_and_kept_across_a_failover(on_call: Walk) -> None:
    watch = Stopwatch()
    kerberos.make_realm()
    kerberos.be_a_client()
    watch.lap("a realm, with no key on the nodes")
    give(on_call, "sec=krb5i")
    planned(on_call, "sec=krb5i")
    for name in PAIR:
        assert f"{name} has no /etc/krb5.keytab" in on_call.text
    on_call.picture("no-keytab")
    kerberos.give_keys_to_the_nodes()
    kerberos.serve("alpha")
    give(on_call, "sec=krb5i")
    planned(on_call, "sec=krb5i")
    assert "krb5.keytab" not in on_call.text
    approve(on_call, "krb5i", 240, reason="the lab asks for it")
    for name in PAIR:
        assert "sec=krb5i" in machines.run(name, "cat /etc/exports.d/storagepanel.exports")
    machines.run("alpha", f"mkdir {PATH}/{kerberos.PERSON} && chown {kerberos.UID} {PATH}/{kerberos.PERSON}")
    watch.lap("with a key on both nodes it is planned without a word, and served")
    assert not kerberos.mounts(PATH, "sys")
    assert kerberos.mounts(PATH, "krb5i")
    mounted = machines.run("client", "findmnt --noheadings --output OPTIONS /mnt/sealed")
    assert "sec=krb5i" in mounted
    mine = f"/mnt/sealed/{kerberos.PERSON}/word"
    assert "denied" in kerberos.as_person(f"echo here >{mine}")
    assert kerberos.as_person(f"kinit -k -t ~/keytab {kerberos.PERSON} && echo here >{mine} && cat {mine}") == "here"
    owner = machines.run("alpha", f"stat --format=%u {PATH}/{kerberos.PERSON}/word")
    assert owner == str(kerberos.UID)
    watch.lap("the client mounts it with krb5i and not with sys; a person writes with a ticket and not without")
    machines.cut_power("alpha")
    machines.until("beta serves", lambda: machines.answers("beta", "exportfs -v | grep --quiet krb5i"), 400, 2)
    told = kerberos.as_person(f"cat {mine} && echo again >>{mine} && cat {mine}", timeout=300)
    assert told.split() == ["here", "here", "again"]
    assert machines.answers("beta", "systemctl is-active rpc-svcgssd.service")
    watch.lap("after the failover the same mount is read and written with the same ticket")
    assert on_call.troubles == []


def give(walk: Walk, security: str) -> None:
    walk.go("/c/lab-files/exports/1/edit/")
    walk.fill(c0__security=security)
    walk.send("c0__client", to="/jobs/")
