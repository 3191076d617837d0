"""The half of the secret store that only workers import: it opens what the web sealed."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable

from django.conf import settings
from django.utils import timezone
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from clusters.models import Cluster, Node
from provisioning.masking import Mask
from provisioning.models import SealedSecret
from provisioning.sealed import scope_of


class SecretMissing(Exception):
    """There is no such secret, it has expired, or it was sealed for another key."""


def open_secret(name: str, *, cluster: Cluster | None = None, node: Node | None = None) -> bytes:
    """Open a secret of the panel, a cluster or a node."""
    row = SealedSecret.objects.filter(scope=scope_of(cluster, node), name=name).first()
    if row is None:
        raise SecretMissing(f"There is no secret {name} for {node or cluster or 'the panel'}.")
    if row.expires_at and row.expires_at <= timezone.now():
        row.delete()
        raise SecretMissing(f"The secret {name} for {node or cluster or 'the panel'} has expired.")
    try:
        return SealedBox(_private_key()).decrypt(bytes(row.box))
    except CryptoError:
        raise SecretMissing(
            f"The secret {name} was sealed for another key. Restore var/keys from the backup."
        ) from None


def take_secret(name: str, *, cluster: Cluster | None = None, node: Node | None = None) -> bytes:
    """Open a secret that is used once, and delete it."""
    secret = open_secret(name, cluster=cluster, node=node)
    SealedSecret.objects.filter(scope=scope_of(cluster, node), name=name).delete()
    return secret


def resolver(cluster: Cluster) -> Callable[[str], bytes]:
    """Give the function with which the runner fills a plan's secrets in."""
    return lambda name: open_secret(name, cluster=cluster)


def mask_of(cluster: Cluster) -> Mask:
    """Give what takes the pair's secrets out of a text. One that cannot be opened was not sent to a node either."""
    secrets: list[bytes] = []
    for row in SealedSecret.objects.filter(cluster=cluster).select_related("node"):
        with contextlib.suppress(SecretMissing):
            secrets.append(open_secret(row.name, cluster=cluster, node=row.node))
    return Mask(secrets)


def purge() -> int:
    """Delete what has expired; the sweeper calls it."""
    return SealedSecret.objects.filter(expires_at__lte=timezone.now()).delete()[0]


def _private_key() -> PrivateKey:
    try:
        return PrivateKey(base64.b64decode(settings.WORKER_PRIVATE_KEY_FILE.read_text()))
    except OSError as error:
        raise SecretMissing(f"The workers' key cannot be read: {error.strerror}.") from None
