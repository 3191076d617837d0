"""A new NFS export: a volume or a directory in it, and its clients, each with options of their own."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from django import forms
from django.http import QueryDict

from clusters import rules
from clusters.export_access import spelled
from clusters.figures import listed
from clusters.models import Cluster, Export, Volume
from clusters.states import Inventory
from provisioning.desired import DesiredExport, ExportClient
from provisioning.forms.base import (
    OneOf,
    PanelForm,
    RuleField,
    choice_widget,
    mode_field,
    owner_field,
    refusal,
    unfinished,
)
from provisioning.intents import PublishExport

MOST_CLIENTS = 40
NAMED = 12  # volumes in a refusal
TOP = "/volume/"  # stands for whatever mount point it is
ACCESS = [("rw", "read and write"), ("ro", "read only")]
SQUASH = [
    ("root_squash", "root becomes nobody"),
    ("no_root_squash", "root stays root"),
    ("all_squash", "everybody becomes nobody"),
]
SECURITY = [
    ("", "by address (sec=sys)"),
    ("sec=krb5", "Kerberos"),
    ("sec=krb5i", "Kerberos, signed"),
    ("sec=krb5p", "Kerberos, encrypted"),
]


def directory(value: str) -> str:
    """A directory as it may be spelled: below the volume's mount point, or a whole path. Where that lies only the volume tells."""
    slash = "/" if value.startswith("/") else ""
    if not (path := value.lstrip("/")):
        return slash
    try:
        rules.export_path(f"{TOP}{path}")
    except rules.RuleError as refused:
        raise rules.RuleError(refused.message, refused.offer and slash + refused.offer.removeprefix(TOP)) from None
    return slash + path


def below(mount_point: str, path: str) -> str:
    """The directory without the mount point in front; what does not begin with a slash has none."""
    if not path.startswith("/"):
        return path
    if rules.lies_in(path, mount_point):
        return path[len(mount_point) + 1 :]
    raise rules.RuleError(f"It does not lie in the volume, which is mounted at {mount_point}.", path[1:])


def exported(cluster: Cluster, *paths: str) -> dict[str, int]:
    """Paths that are exported, or were to be, with their fsids: these, or all."""
    rows = Export.objects.filter(cluster=cluster).exclude(inventory=Inventory.FORGOTTEN)
    return dict((rows.filter(path__in=paths) if paths else rows).values_list("path", "fsid"))


class VolumeChoice(OneOf):
    """One of the pair's volumes."""

    def __init__(self, *, pair: str = "", **kwargs: Any) -> None:
        self.pair = pair
        super().__init__(**kwargs)

    def told(self, value: str, there: list[str]) -> str:
        named = [*there[:NAMED], f"{len(there) - NAMED} more"] if len(there) > NAMED else there
        return f"There is no volume {value}. {self.pair} has {listed(named) or 'none'}."


class ExportForm(PanelForm):
    volume: forms.Field = VolumeChoice(label="Volume", widget=choice_widget())
    directory = RuleField(
        directory,
        label="Directory in it",
        required=False,
        css="w30",
        help_text="Below its mount point, or the whole path. Empty: the whole volume. It is made if it is not there.",
    )

    owner = owner_field("Of the directory, as user or user:group, names or numbers. Empty: left as it is.")
    mode = mode_field()

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        cluster: Cluster,
        fsid: int,
        volumes: Sequence[Volume],
        known: Mapping[str, int] | None = None,
        **kwargs: Any,
    ) -> None:
        self.cluster, self.fsid, self.known = cluster, fsid, known
        self.volumes = {volume.name: volume for volume in volumes}
        super().__init__(data, **kwargs)
        choices = [(name, f"{name}, at {volume.mount_point}") for name, volume in self.volumes.items()]
        self.fields["volume"] = VolumeChoice(
            label="Volume", choices=choices, widget=choice_widget("w30"), pair=cluster.slug
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self._lies_in_the_volume(cleaned)
        if path := self.path():
            cleaned["path"] = path
            known = exported(self.cluster, path) if self.known is None else self.known
            if path in known:
                where = "directory" if self.text("directory") else "volume"
                rows = Export.objects.filter(cluster=self.cluster, path=path, inventory=Inventory.CREATING)
                half = self.cluster.inventory == Inventory.PRESENT and rows.exists()
                text = unfinished(path) if half else f"{path} is exported already, with fsid {known[path]}."
                self.add_error(where, refusal(text))
        return cleaned

    def _lies_in_the_volume(self, cleaned: dict[str, Any]) -> None:
        if volume := self.volumes.get(self.text("volume")):
            try:
                cleaned["directory"] = below(volume.mount_point, self.text("directory"))
            except rules.RuleError as refused:
                self.add_error("directory", refusal(refused.message, refused.offer))

    def path(self) -> str:
        volume = self.volumes.get(self.text("volume"))
        if volume is None or "directory" in self.errors:
            return ""
        inside = self.text("directory")
        return f"{volume.mount_point}/{inside}" if inside else volume.mount_point

    def export(self, clients: Sequence[ExportClient]) -> DesiredExport:
        return DesiredExport(
            self.path(), self.fsid, tuple(clients), self.text("volume"), self.text("owner"), self.text("mode")
        )

    def intent(self, clients: Sequence[ExportClient]) -> PublishExport:
        return PublishExport(self.cluster.slug, self.export(clients))


class ClientForm(PanelForm):
    client = RuleField(
        rules.network_client,
        label="Who may mount it",
        help_text="An address, a network, a host name, *.example.org, web[0-9].example.org or an @netgroup.",
    )
    access = forms.ChoiceField(label="Access", choices=ACCESS, initial="rw", widget=choice_widget())
    squash = forms.ChoiceField(
        label="Root of the client", choices=SQUASH, initial="root_squash", widget=choice_widget()
    )
    security = forms.ChoiceField(
        label="Who they are is proved", choices=SECURITY, required=False, widget=choice_widget()
    )
    sync = forms.BooleanField(label="Answer only when it is on both disks (sync)", required=False, initial=True)
    insecure = forms.BooleanField(label="Also from ports above 1023 (insecure)", required=False)
    more = RuleField(
        rules.export_options,
        label="Further options",
        required=False,
        css="w30",
        help_text="Separated by commas, as in exports(5).",
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        kept: Collection[str] = (),
        standing: Sequence[ExportClient] = (),
        too_many: str = "",
        **kwargs: Any,
    ) -> None:
        self.kept, self.standing, self.too_many = kept, standing, too_many
        super().__init__(data, **kwargs)
        more = self.fields["more"]
        if isinstance(more, RuleField):
            more.rule = partial(rules.export_options, kept=kept)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if self.too_many:
            self.add_error("client", refusal(self.too_many))
        if "more" not in self.errors:
            try:
                rules.export_options(",".join(self.options()), self.kept)
            except rules.RuleError as refused:
                self.add_error("more", refusal(refused.message))  # what it would offer are the other fields, too
        return cleaned

    def options(self) -> tuple[str, ...]:
        return options_of(self.text)

    def value(self) -> ExportClient:
        """Give a client that nobody touched as it stands there: its options may be written otherwise, and mean what the fields say."""
        now = ExportClient(self.text("client"), self.options())
        same = (
            one for one in self.standing if one.client == now.client and options_of(_cell(typed(one))) == now.options
        )
        return next(same, now)


def options_of(field: Callable[[str], str]) -> tuple[str, ...]:
    """Put the options in the order in which people read them: access, safety, identity, the rest."""
    more = field("more").split(",")
    words = [field("access") or "rw", "sync" if field("sync") else "async"]
    words += [] if "subtree_check" in more else ["no_subtree_check"]
    words += [field("squash") or "root_squash", field("security"), "insecure" if field("insecure") else "", *more]
    return tuple(word for word in words if word)


def _cell(fields: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: fields.get(name, "")


def typed(client: ExportClient) -> dict[str, str]:
    """What a person would have typed for a client that stands there: the fields, and whatever has none under further options."""
    words = list(client.options)
    squash = next((word for word in ("all_squash", "no_root_squash") if word in words), "root_squash")
    security = next((word for word, _ in SECURITY if word and word in words), "")
    plain = {
        "rw",
        "ro",
        "sync",
        "async",
        "no_subtree_check",
        "root_squash",
        "no_all_squash",
        "secure",
        "insecure",
        squash,
        security,
    }
    fields = {
        "client": client.client,
        "access": "rw" if "rw" in words else "ro",
        "squash": squash,
        "security": security,
        "more": ",".join(word for word in words if word not in plain),
    }
    return fields | ({} if "async" in words else {"sync": "on"}) | ({"insecure": "on"} if "insecure" in words else {})


def client_forms(
    data: QueryDict | None, *, checking: bool = False, known: Sequence[ExportClient] = (), kept: Collection[str] = ()
) -> list[ClientForm]:
    """Make the rows of clients. `clients` counts them; `add` adds one, `drop` takes one away: plain submit buttons.

    `known` are the clients of an export that is in service, `kept` the options that stand there already.
    """
    if data is None and not known:
        return [ClientForm(prefix="c0")]
    if data is None:
        data = QueryDict(mutable=True)
        data["clients"] = str(len(known))
        for number, client in enumerate(known):
            data.update({f"c{number}-{name}": value for name, value in typed(client).items()})
    most = max(MOST_CLIENTS, len(known))
    # A check renews the rows that the page has; the browser sends the button that was pressed last with it.
    drop, add = (None, False) if checking else (data.get("drop"), "add" in data)
    rows = [f"c{number}" for number in range(_counted(data, most)) if drop != f"c{number}"] or ["c0"]
    full = add and len(rows) >= most
    forms_ = [
        ClientForm(
            _renamed(data, row, f"c{number}"),
            prefix=f"c{number}",
            checking=checking,
            kept=kept,
            standing=known,
            too_many=too_many(most) if number >= most or (full and number == len(rows) - 1) else "",
        )
        for number, row in enumerate(rows)
    ]
    if add and not full:
        forms_.append(ClientForm(prefix=f"c{len(forms_)}", kept=kept))
    return forms_


def too_many(most: int = MOST_CLIENTS) -> str:
    return f"More than {most} clients are not taken. Name a network or a @netgroup instead of single machines."


def _counted(data: QueryDict, most: int) -> int:
    """How many rows there are: every one that was sent, so that none is lost unseen."""
    text = data.get("clients", "1")
    count = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 1
    sent = sum(1 for key in data if key.endswith("-client"))
    return min(max(count, 1), max(most, sent))


def _renamed(data: QueryDict, old: str, new: str) -> QueryDict:
    """Move a row's values to its new place after another row was dropped."""
    if old == new:
        return data
    moved = data.copy()
    for key in [key for key in data if key.startswith(f"{new}-")]:
        del moved[key]
    for key in [key for key in data if key.startswith(f"{old}-")]:
        moved[f"{new}-{key.removeprefix(f'{old}-')}"] = str(data[key])
    return moved


def said_twice(rows: Sequence[ClientForm]) -> None:
    """Refuse a client that stands in two rows: NFS would take one of them and say nothing."""
    seen: dict[str, int] = {}  # by what NFS goes by
    for number, row in enumerate(rows):
        client = row.text("client") if row.is_bound and row.is_valid() else ""
        if client and (key := spelled(client)) in seen:
            row.add_error("client", refusal(f"{client} stands in row {seen[key] + 1} already."))
        elif client:
            seen[key] = number
