"""Options of mount(8) and of exports(5). Known good words are taken, everything else is refused with a reason."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection

from clusters.rules import mount_catalogue
from clusters.rules.export_catalogue import BY_WORD, EXCLUSIVE, TAKEN
from clusters.rules.text import RuleError, plain, shown

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


def mount_options_of(fstype: str, value: str, kept: Collection[str] = ()) -> str:
    """Check also that the file system has them, for what somebody types. `kept` are words that stand already and are not lost by editing."""
    words = _words(mount_options(value), "The mount options", 200)
    for word in words:
        if word not in kept:
            _known_mount_option(fstype, word, words)
    return value


def _known_mount_option(fstype: str, word: str, words: list[str]) -> None:
    shown_as, known = mount_catalogue.NAMES[fstype]
    name, equals, rest = word.partition("=")
    if name not in known:
        if other := mount_catalogue.only_of(name, fstype):
            raise RuleError(f"{name} is an option of {other}; {shown_as} does not have it.", _without(word, words))
        near = mount_catalogue.near(name, fstype)
        offer = ",".join(near + equals + rest if each == word else each for each in words) if near else ""
        raise RuleError(f"“{shown(word)}” is not an option the panel knows for {shown_as}.", offer)
    if equals and not known[name]:
        raise RuleError(f"{name} takes no value.", ",".join(name if each == word else each for each in words))
    if known[name] and not re.fullmatch(known[name], rest):
        raise RuleError(f"“{shown(word)}” is not a value that {name} can have.")


def _without(word: str, words: list[str]) -> str:
    return ",".join(each for each in words if each != word)


def export_options(value: str, kept: Collection[str] = ()) -> str:
    """Check the options of one client in `exports`, separated by commas. The fsid is the panel's and not among them.

    `kept` are words that stand there already: one that the panel does not know is somebody's, and is not lost by editing.
    """
    if value:
        _one_flavour_list(plain(value, "The options", 300).split(","))
    words = _words(value, "The options", 300)
    for word in words:
        if word not in kept:
            _known_option(word, words)
    for one, other in EXCLUSIVE:
        if one in words and other in words:
            raise RuleError(f"{one} and {other} exclude each other.")
    return value


def _one_flavour_list(words: list[str]) -> None:
    """exports(5) lets the options after each `sec=` be those of its flavours alone; the panel keeps one list of options for a client."""
    flavours = [word for word in words if word.startswith("sec=")]
    if len(flavours) < 2:
        return
    first = words.index(flavours[0])
    together = (
        words[first : first + len(flavours)] == flavours
    )  # then nothing stands between them that would be one flavour's own
    one = ":".join(dict.fromkeys(":".join(word.removeprefix("sec=") for word in flavours).split(":")))
    can_be = together and re.fullmatch(BY_WORD["sec"].value, one)
    raise RuleError(
        "sec is given twice. Several flavours go into one, as in sec=krb5:sys, and the options are then for all of them. "
        "Options for each flavour of its own are not possible here.",
        ",".join([*words[:first], f"sec={one}", *words[first + len(flavours) :]]) if can_be else "",
    )


def _known_option(word: str, words: list[str]) -> None:
    name, equals, rest = word.partition("=")
    known = BY_WORD.get(name)
    if known is None or (equals and not known.value and not known.refused):
        near = difflib.get_close_matches(name, sorted(option.word for option in TAKEN), n=1)
        raise RuleError(f"“{shown(word)}” is not an option the panel knows for exports.", near[0] if near else "")
    if known.refused:
        without = ",".join(w for w in words if w.partition("=")[0] != name)
        raise RuleError(f"{name} cannot be given here: {known.refused}. Leave it out.", without)
    if known.value and not re.fullmatch(known.value, rest):
        raise RuleError(f"“{shown(word)}” is not a value that {name} can have; it looks like {known.looks}.")
