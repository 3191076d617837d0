"""Who opens an export of a simulated pair is answered from its table, as a real server answers."""

import pytest

from provisioning.nfs_look import How, Opened
from provisioning.simulator.make import bare_pair
from provisioning.simulator.opening import opened

T0 = 1_790_000_000.0
OPTIONS = "rw,sync,fsid=13"


@pytest.mark.parametrize(
    ("client", "options", "answer"),
    [
        ("10.10.0.0/24", OPTIONS, Opened(How.PORTS, 13)),
        ("10.10.0.0/24", f"insecure,{OPTIONS}", Opened(How.OPENS, 13)),
        ("10.10.0.0/24", f"sec=krb5:krb5p,{OPTIONS}", Opened(How.KERBEROS)),
        ("10.9.0.0/24", OPTIONS, Opened(How.ABSENT)),
        ("client.example.org", OPTIONS, Opened(How.ABSENT)),
    ],
)
def test_the_table_answers(client: str, options: str, answer: Opened) -> None:
    pair = bare_pair(T0)
    alice = pair.machines["alice"]
    alice.service_ip, alice.nfsd = "10.10.0.50/24", 8
    alice.exported = [["/srv/homes", client, options]]
    assert opened(pair, "10.10.0.50", "10.10.0.12", "/srv/homes") == answer
    assert opened(pair, "10.10.0.50", "10.10.0.12", "/srv/media") == Opened(How.ABSENT)
    assert opened(pair, "10.10.0.51", "10.10.0.12", "/srv/homes").how is How.UNTOLD
