"""The settings of a pair's NFS server."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from clusters import rules
from provisioning.desired import NFS_VERSIONS, NfsSettings
from provisioning.forms.base import PanelForm, RuleField, choice_widget, number_field, refusal
from provisioning.forms.service import SHORTEST_GRACE

TAKEN = {22: "SSH", 111: "rpcbind", 2049: "NFS itself"}
PORTS = ("mountd_port", "statd_port", "lockd_port")


class NfsForm(PanelForm):
    """`volumes` are those that could keep what clients hold."""

    threads = number_field("Threads", 1, 4096, help_text="A running server takes another number at once.")
    versions = forms.MultipleChoiceField(
        label="Versions",
        choices=[(version, f"NFS {version}") for version in NFS_VERSIONS],
        widget=forms.CheckboxSelectMultiple,
        help_text="A client keeps the version it mounted with.",
    )
    grace_time = number_field(
        "Grace time", SHORTEST_GRACE, 3600, help_text="Seconds after a start in which clients claim their locks again."
    )
    lease_time = number_field(
        "Lease time",
        SHORTEST_GRACE,
        3600,
        help_text="Seconds after which a client that is not heard of loses its locks.",
    )
    state_volume = forms.ChoiceField(
        label="What clients hold",
        required=False,
        widget=choice_widget(),
        help_text="Kept on a volume, locks of version 4 survive a failover.",
    )
    domain = RuleField(
        lambda value: rules.host_name(value, "The domain"),
        label="Domain of names",
        required=False,
        help_text="Of users and groups in version 4; empty: the nodes' own.",
    )
    mountd_port = number_field(
        "Port of mountd", 1, 65535, required=False, help_text="Empty: any. For firewalls; version 3."
    )
    statd_port = number_field("Port of statd", 1, 65535, required=False)
    lockd_port = number_field("Port of lockd", 1, 65535, required=False)

    def __init__(self, data: QueryDict | None = None, *, volumes: Sequence[str], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        kept: Any = self.fields["state_volume"]
        kept.choices = [("", "each node its own"), *((name, f"on {name}") for name in volumes)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        grace, lease = cleaned.get("grace_time"), cleaned.get("lease_time")
        if grace and lease and grace < lease:
            message = "Not shorter than the lease: a client needs that long to notice."
            self.add_error("grace_time", refusal(message, str(lease)))
        seen: dict[int, str] = {}
        for name in PORTS:
            port = cleaned.get(name)
            owner = TAKEN.get(port or 0) or seen.get(port or 0)
            if port and owner:
                self.add_error(name, refusal(f"{port} belongs to {owner}."))
            elif port:
                seen[port] = str(self.fields[name].label).removeprefix("Port of ")
        return cleaned

    def settings(self) -> NfsSettings:
        value = self.cleaned_data
        return NfsSettings(
            threads=value["threads"],
            grace_time=value["grace_time"],
            lease_time=value["lease_time"],
            versions=tuple(version for version in NFS_VERSIONS if version in value["versions"]),
            domain=self.text("domain"),
            mountd_port=value.get("mountd_port") or 0,
            statd_port=value.get("statd_port") or 0,
            lockd_port=value.get("lockd_port") or 0,
            state_volume=self.text("state_volume"),
        )


def initial(settings: NfsSettings) -> dict[str, Any]:
    """Give the settings as the form's fields show them."""
    return {
        "threads": settings.threads,
        "versions": list(settings.versions),
        "grace_time": settings.grace_time,
        "lease_time": settings.lease_time,
        "domain": settings.domain,
        "mountd_port": settings.mountd_port or "",
        "statd_port": settings.statd_port or "",
        "lockd_port": settings.lockd_port or "",
        "state_volume": settings.state_volume,
    }
