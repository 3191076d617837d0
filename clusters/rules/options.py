"""Options of mount(8) and of exports(5). Known good words are taken, everything else is refused with a reason."""

from __future__ import annotations

import difflib
import re

from clusters.rules.text import RuleError, plain, shown

EXPORT_PAIRS = (
    ("rw", "ro"), ("sync", "async"), ("secure", "insecure"), ("wdelay", "no_wdelay"), ("hide", "nohide"),
    ("subtree_check", "no_subtree_check"), ("secure_locks", "insecure_locks"), ("auth_nlm", "no_auth_nlm"),
    ("root_squash", "no_root_squash"), ("all_squash", "no_all_squash"), ("acl", "no_acl"), ("pnfs", "no_pnfs"),
)  # fmt: skip
EXPORT_WORDS = frozenset(word for pair in EXPORT_PAIRS for word in pair) | {
    "crossmnt", "mountpoint", "mp", "nordirplus", "security_label",
}  # fmt: skip
EXPORT_VALUES = {
    "anonuid": re.compile(r"\d{1,9}"),
    "anongid": re.compile(r"\d{1,9}"),
    "sec": re.compile(r"(sys|krb5|krb5i|krb5p|none)(:(sys|krb5|krb5i|krb5p|none))*"),
    "xprtsec": re.compile(r"(none|tls|mtls)(:(none|tls|mtls))*"),
}
# Options of mount(8) that would take the volume away from the cluster manager or point at another device.
MOUNT_REFUSED = {
    "auto": "the cluster manager mounts it, nothing else may", "bind": "a volume is mounted from its own device",
    "rbind": "a volume is mounted from its own device", "move": "a volume is mounted from its own device",
    "remount": "it is an instruction, not a property", "loop": "a volume is mounted from its own device",
    "offset": "a volume is mounted from its own device", "user": "only the cluster manager may mount it",
    "users": "only the cluster manager may mount it", "owner": "only the cluster manager may mount it",
    "group": "only the cluster manager may mount it", "ro": "the service group must be able to write; export it read only instead",
    "logdev": "a journal on another device is not replicated", "rtdev": "a real-time device is not replicated",
    "journal_path": "a journal on another device is not replicated", "journal_dev": "a journal on another device is not replicated",
    "norecovery": "a file system must be recovered after a failover", "noload": "a file system must be recovered after a failover",
    "nobarrier": "a power cut could corrupt both copies", "barrier": "leave it at the safe default",
}  # fmt: skip


def _words(value: str, what: str, longest: int) -> list[str]:
    words = plain(value, what, longest).split(",") if value else []
    if "" in words:
        raise RuleError(f"{what} have a comma too many.", ",".join(word for word in words if word))
    names = [word.split("=")[0] for word in words]
    if doubled := next((name for name in names if names.count(name) > 1), ""):
        raise RuleError(f"{shown(doubled)} is given twice.")
    return words


def mount_options(value: str) -> str:
    """Check mount options, separated by commas; none at all is fine."""
    for word in _words(value, "The mount options", 200):
        if not re.fullmatch(r"[a-z][a-z0-9_]*(=[A-Za-z0-9_.+/-]+)?", word):
            raise RuleError(f"“{shown(word)}” is not a mount option; they look like noatime or commit=30.")
        if why := MOUNT_REFUSED.get(word.split("=")[0]):
            raise RuleError(f"“{shown(word)}” is not possible: {why}.")
    return value


def export_options(value: str) -> str:
    """Check the options of one client in `exports`, separated by commas. The fsid is the panel's and not among them."""
    words = _words(value, "The options", 300)
    for word in words:
        name, equals, rest = word.partition("=")
        if name == "fsid":
            raise RuleError(
                "The fsid is given by the panel and stays; leave it out.",
                ",".join(w for w in words if not w.startswith("fsid=")),
            )
        if equals and name in EXPORT_VALUES:
            if not EXPORT_VALUES[name].fullmatch(rest):
                raise RuleError(f"“{shown(word)}” is not a value that {name} can have.")
        elif word not in EXPORT_WORDS:
            near = difflib.get_close_matches(name, sorted(EXPORT_WORDS) + sorted(EXPORT_VALUES), n=1)
            raise RuleError(f"“{shown(word)}” is not an option the panel knows for exports.", near[0] if near else "")
    for one, other in EXPORT_PAIRS:
        if one in words and other in words:
            raise RuleError(f"{one} and {other} exclude each other.")
    return value
