"""A realm of the lab's own: the client is its key distribution centre, both nodes answer as one name, which is the service IP's."""

from __future__ import annotations

from tests.lab import machines
from tests.lab.places import EVERY, MACHINES, PAIR, SERVICE_IP

REALM, NAME, CLIENT = "LAB.EXAMPLE", "files.lab.example", "client.lab.example"
PERSON, UID = "writer", 4711
CONFIGURATION = f"""[libdefaults]
default_realm = {REALM}
dns_lookup_kdc = false
dns_lookup_realm = false
rdns = false
[realms]
{REALM} = {{
  kdc = {MACHINES["client"].lan}
}}
[domain_realm]
.lab.example = {REALM}
"""


def make_realm() -> None:
    """Everybody knows the realm and the names; the nodes have no key yet."""
    for name in EVERY:
        machines.run(
            name,
            f"cat >/etc/krb5.conf <<'E'\n{CONFIGURATION}E\n"
            f"sed -i 's/ client$/ {CLIENT} client/' /etc/hosts; echo {SERVICE_IP} {NAME} >>/etc/hosts;"
            f" useradd --uid {UID} --create-home {PERSON};"
            " sed -i '/^.*Domain *=/d; s/^\\[General\\]/[General]\\nDomain = lab.example/' /etc/idmapd.conf",
        )
    principals = (f"nfs/{NAME}", f"host/{CLIENT}", PERSON)
    machines.run(
        "client",
        "mkdir -p /var/lib/krb5kdc && kdb5_util create -s -P lab-only && "
        + " && ".join(f"kadmin.local addprinc -randkey {one}" for one in principals)
        + f" && kadmin.local ktadd -k /etc/krb5.keytab host/{CLIENT}"
        f" && kadmin.local ktadd -k /root/person.keytab {PERSON}"
        f" && kadmin.local ktadd -k /root/service.keytab nfs/{NAME} && systemctl start krb5-kdc"
        f" && install -o {PERSON} -m 600 /root/person.keytab /home/{PERSON}/keytab",
        timeout=300,
    )


def give_keys_to_the_nodes(*names: str) -> None:
    """The same key on both: after a failover the other node answers as the same name."""
    key = machines.run("client", "base64 -w0 /root/service.keytab")
    for name in names or PAIR:
        machines.run(name, f"umask 077; echo {key} | base64 -d >/etc/krb5.keytab")


def serve(name: str) -> None:
    """On the node that serves; the other one starts it with its NFS server."""
    machines.run(name, "systemctl start auth-rpcgss-module.service rpc-svcgssd.service", timeout=120)


def be_a_client() -> None:
    machines.run("client", "systemctl start rpc-gssd.service && mkdir -p /mnt/sealed", timeout=120)


def mounts(path: str, security: str) -> bool:
    line = f"timeout 60 mount -t nfs4 -o vers=4.2,retry=0,sec={security} {NAME}:{path} /mnt/sealed"
    return machines.answers("client", line)


def as_person(command: str, *, timeout: float = 120) -> str:
    return machines.run("client", f"runuser -u {PERSON} -- sh -c '{command}' 2>&1", check=False, timeout=timeout)
