"""The first steps of a draft: the cluster's name, its two nodes, the observer, and what lets the panel in."""

from __future__ import annotations

from typing import Any

from django import forms

from clusters import rules
from clusters.models import Cluster
from provisioning.forms.base import PanelForm, RuleField, number_field, refusal


def labels(value: str) -> str:
    return " ".join(dict.fromkeys(rules.label(word) for word in value.split()))


class ClusterForm(PanelForm):
    slug = RuleField(rules.slug, label="Name", help_text="For people and addresses of pages; no server sees it.")
    labels = RuleField(
        labels,
        label="Labels",
        required=False,
        css="w30",
        mono=False,
        help_text="Words to filter by, separated by blanks.",
    )

    def clean_slug(self) -> str:
        slug = self.text("slug")
        if Cluster.objects.filter(slug=slug).exists():
            raise refusal(f"There is a cluster called {slug} already.")
        return slug

    def clean_labels(self) -> str:
        text = self.text("labels")
        if len(text) > 200:
            raise refusal("Labels have 200 characters together at most.")
        return text


class NodeForm(PanelForm):
    name = RuleField(rules.node_name, label="Name", help_text="As uname --nodename prints it there.")
    ssh_host = RuleField(rules.ssh_host, label="SSH address", css="w30", help_text="Where the panel reaches it.")
    ssh_port = number_field("Port", 1, 65535, initial=22)
    ssh_user = RuleField(
        rules.ssh_user, label="User", initial="root", help_text="root, or one who may sudo without a password."
    )


class ObserverForm(NodeForm):
    """Optional as a whole: an SSH host near the clients, from which the service IP is looked at."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.required = False
        self.fields["name"].help_text = "What you call it; leave all of it empty to look from the panel itself."

    @property
    def given(self) -> bool:
        return bool(self.text("ssh_host") or self.text("name"))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.text("ssh_host") and not self.text("name") and "name" not in self.errors:
            self.add_error("name", refusal("The observer needs a name.", ""))
        if self.text("name") and not self.text("ssh_host") and "ssh_host" not in self.errors:
            self.add_error("ssh_host", refusal("The observer needs an SSH address."))
        cleaned["ssh_port"] = cleaned.get("ssh_port") or 22
        cleaned["ssh_user"] = cleaned.get("ssh_user") or "root"
        return cleaned


def unlike(forms_: list[NodeForm]) -> None:
    """Refuse nodes that share a name or an SSH address: a pair is two servers."""
    names: set[str] = set()
    places: set[tuple[str, object]] = set()
    for form in forms_:
        name, place = form.text("name"), (form.text("ssh_host"), form.cleaned_data.get("ssh_port"))
        if name and name in names:
            form.add_error("name", refusal(f"{name} is the name of the other one; a pair is two servers."))
        if place[0] and place in places:
            form.add_error("ssh_host", refusal("The other one has this address and port; a pair is two servers."))
        names.add(name)
        places.add(place)


class PinForm(PanelForm):
    """The person compared the fingerprint; `key` is the one that was on the page, so that no other key can slip in."""

    key = forms.CharField(max_length=4000, widget=forms.HiddenInput)


class PasswordForm(PanelForm):
    password = forms.CharField(
        label="Password on the node",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"class": "form-control w20", "autocomplete": "off"}),
        help_text="Used once to put the key there, sealed until then, deleted afterwards or after five minutes.",
    )
