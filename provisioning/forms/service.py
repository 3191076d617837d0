"""Where the pair serves: the service IP, the networks, and the times after which a node counts as dead."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict

from clusters import rules
from provisioning.forms.base import PanelForm, RuleField, choice_widget, number_field, refusal
from provisioning.forms.manager import check_times, too_short
from provisioning.pages.networks import AddressChoice

SHORTEST_GRACE = 10


class ServiceForm(PanelForm):
    """`addresses` lists each node's choices, in the order of the nodes."""

    service_ip = RuleField(
        rules.service_ip, label="Service IP", help_text="Moves with the service; clients mount from it."
    )
    service_prefix = number_field("Prefix length", 1, 32)
    keepalive = number_field("Keepalive", 1, 60)
    warntime = number_field("Warn after", 1, 600)
    deadtime = number_field("Dead after", 2, 600)
    initdead = number_field("Dead after a start", 4, 3600)
    udpport = number_field("UDP port", 1, 65535)
    nfs_grace = number_field("Grace time", SHORTEST_GRACE, 3600)
    nfs_lease = number_field("Lease time", SHORTEST_GRACE, 3600)
    nfs_threads = number_field("NFS threads", 1, 512)
    keep_locks = forms.BooleanField(
        label="Locks of NFS version 4 survive a failover",
        required=False,
        help_text="What clients hold is kept on a small volume of its own, which moves with the service.",
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        names: Sequence[str],
        addresses: Sequence[Sequence[AddressChoice]],
        **kwargs: Any,
    ) -> None:
        self.names, self.addresses = list(names), [list(choices) for choices in addresses]
        super().__init__(data, **kwargs)
        for number, choices in enumerate(self.addresses):
            for what, label in (("service", "to the clients"), ("replication", "for replication")):
                options = [("", "choose"), *((choice.value, str(choice)) for choice in choices)]
                self.fields[f"{what}_{number}"] = forms.ChoiceField(
                    label=f"{self.names[number]} {label}", choices=options, widget=choice_widget()
                )

    def address(self, what: str, number: int) -> AddressChoice | None:
        value = self.text(f"{what}_{number}")
        return next((choice for choice in self.addresses[number] if choice.value == value), None)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._clean_networks()
        self._clean_service_ip()
        self._clean_times()
        return cleaned

    def _clean_networks(self) -> None:
        for what, words in (("service", "clients"), ("replication", "replication")):
            one, other = self.address(what, 0), self.address(what, 1)
            if one and other and one.network != other.network:
                message = f"{self.names[0]} is in {one.network} and {self.names[1]} in {other.network}: one network for {words}."
                self.add_error(f"{what}_1", refusal(message))
            if one and other and one.address == other.address:
                self.add_error(f"{what}_1", refusal(f"Both nodes show {one.address}; one of them is set up wrongly."))

    def _clean_service_ip(self) -> None:
        text = self.text("service_ip")
        if not text:
            return
        owners = {
            choice.address: self.names[number] for number, choices in enumerate(self.addresses) for choice in choices
        }
        if text in owners:
            self.add_error(
                "service_ip", refusal(f"{text} belongs to {owners[text]}; the service needs an address of its own.")
            )
        choice = self.address("service", 0)
        if not choice:
            return
        network = ipaddress.ip_network(choice.network)
        if ipaddress.ip_address(text) not in network:
            self.add_error("service_ip", refusal(f"{text} is not in {network}, the nodes' network to the clients."))
        elif text in (str(network.network_address), str(network.broadcast_address)) and network.prefixlen < 31:
            self.add_error("service_ip", refusal(f"{text} is not a machine's address in {network}."))
        prefix = self.cleaned_data.get("service_prefix")
        if prefix is not None and prefix != choice.prefix:
            self.add_error(
                "service_prefix", refusal(f"The nodes have /{choice.prefix} in this network.", str(choice.prefix))
            )

    def _clean_times(self) -> None:
        check_times(self)
        grace, lease = self.cleaned_data.get("nfs_grace"), self.cleaned_data.get("nfs_lease")
        if grace and lease and grace < lease:
            self.add_error(
                "nfs_grace", refusal("Not shorter than the lease: clients need that long to notice.", str(lease))
            )

    def advice(self) -> list[str]:
        """Say what is possible and yet worth a second look."""
        said = []
        for number, name in enumerate(self.names):
            one, other = self.address("service", number), self.address("replication", number)
            if one and other and one.interface == other.interface:
                said.append(
                    f"{name} replicates and serves over {one.interface}: one cable cut then looks like a dead node and lets the copies diverge."
                )
        if (grace := self.cleaned_data.get("nfs_grace")) and grace < 30:
            said.append("A grace time below 30 s can be too short for clients to get their locks back.")
        if too_short(self):
            said.append("A node that is only busy may count as dead after less than 8 s, and both would serve.")
        return said
