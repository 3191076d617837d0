"""What people may type, one rule per kind: `rule(value)` answers the value in its canonical form or raises `RuleError`. Pure.

The same rule holds in the form, in the plan's dataclasses and in tests. Every rule allows what is known to be good and refuses the rest;
what comes back is printable ASCII without blanks, so that it is safe in an argv element, a line of `exports` and of `haresources` alike.
"""

from clusters.rules.addresses import host_name, ip, network_client, service_ip, ssh_host
from clusters.rules.kinds import algorithm, one_of, public_key, rate, serial, whole
from clusters.rules.names import (
    interface,
    label,
    lv_name,
    node_name,
    person_name,
    resource_name,
    slug,
    snapshot_name,
    ssh_user,
    unreserved,
    vg_name,
    volume_name,
)
from clusters.rules.options import export_options, mount_options, mount_options_of
from clusters.rules.ownership import mode, owner, quota_holder
from clusters.rules.paths import device, export_path, lies_in, mount_point
from clusters.rules.sizes import LARGEST, UNITS, port, size
from clusters.rules.text import RuleError, shown

__all__ = [
    "LARGEST", "UNITS", "RuleError", "algorithm", "device", "export_options", "export_path", "host_name", "interface", "ip", "label",
    "lies_in", "lv_name", "mode", "mount_options", "mount_options_of", "mount_point", "network_client", "node_name", "one_of", "owner",
    "person_name", "port", "public_key", "quota_holder", "rate", "resource_name", "serial", "service_ip", "shown", "size", "slug",
    "snapshot_name", "ssh_host", "ssh_user", "unreserved", "vg_name", "volume_name", "whole",
]  # fmt: skip
