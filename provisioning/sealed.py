"""The half of the secret store that the web has: it can put secrets in, never take them out.

A secret is sealed to the workers' public key the moment it is typed or made; `unseal.py`, which only workers import, opens it.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from nacl.public import PublicKey, SealedBox

from clusters.models import Cluster, Node
from provisioning.models import SealedSecret

PANEL_SSH_KEY = "ssh-key"
AUTHKEYS = "authkeys"
DRBD_SHARED_SECRET = "drbd-shared-secret"  # noqa: S105 - the name of a secret
PASSWORD = "password"  # noqa: S105 - the name of a secret
PASSWORD_LIFE = timedelta(minutes=5)


def fence_key(node_name: str) -> str:
    return f"fence-key-{node_name}"


def scope_of(cluster: Cluster | None, node: Node | None) -> str:
    if node is not None:
        return f"node:{node.pk}"
    return f"cluster:{cluster.pk}" if cluster is not None else "panel"


def seal(
    name: str,
    secret: bytes,
    *,
    cluster: Cluster | None = None,
    node: Node | None = None,
    public: str = "",
    ttl: timedelta | None = None,
) -> SealedSecret:
    """Store a secret for the workers, in place of an older one of the same name."""
    box = SealedBox(_workers_key()).encrypt(secret)
    row, _ = SealedSecret.objects.update_or_create(
        scope=scope_of(cluster, node),
        name=name,
        defaults={
            "cluster": cluster or (node.cluster if node else None),
            "node": node,
            "box": box,
            "public": public,
            "expires_at": timezone.now() + ttl if ttl else None,
        },
    )
    return row


def public_half(name: str, *, cluster: Cluster | None = None, node: Node | None = None) -> str:
    """Give the half that is not secret, "" when there is no such key."""
    row = SealedSecret.objects.filter(scope=scope_of(cluster, node), name=name).first()
    return row.public if row else ""


def make_panel_key() -> str:
    """Make the panel's own SSH key once and give its public line."""
    if existing := public_half(PANEL_SSH_KEY):
        return existing
    private, public = _ssh_key("storagepanel")
    return seal(PANEL_SSH_KEY, private, public=public).public


def make_cluster_secrets(cluster: Cluster, node_names: Iterable[str]) -> None:
    """Make what the pair needs, once: a second call changes nothing, for the nodes hold the values already."""
    present = set(SealedSecret.objects.filter(scope=scope_of(cluster, None)).values_list("name", flat=True))
    for name in (AUTHKEYS, DRBD_SHARED_SECRET):
        if name not in present:
            seal(name, secrets.token_hex(20).encode(), cluster=cluster)
    for node_name in node_names:
        if fence_key(node_name) not in present:
            private, public = _ssh_key(f"fence-{node_name}")
            seal(fence_key(node_name), private, cluster=cluster, public=public)


def _ssh_key(comment: str) -> tuple[bytes, str]:
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return private, f"{public} {comment}"


def _workers_key() -> PublicKey:
    if not settings.WORKER_PUBLIC_KEY:
        raise ImproperlyConfigured("There is no public key of the workers. Run `manage.py panel_keys` once.")
    return PublicKey(base64.b64decode(settings.WORKER_PUBLIC_KEY))
