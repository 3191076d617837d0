"""What the words of a command mean here: options from operands, and the volume behind a device. Pure."""

from __future__ import annotations

from provisioning.simulator.state import Lv, Pair


def options_of(argv: tuple[str, ...], taking: set[str]) -> tuple[dict[str, str], list[str]]:
    """Split long options, with their values where they take one, from the operands."""
    options: dict[str, str] = {}
    operands: list[str] = []
    words = iter(argv[1:])
    for word in words:
        name, equals, value = word.partition("=")
        if word.startswith("-"):
            options[name] = value if equals else next(words, "") if name in taking else ""
        else:
            operands.append(word)
    return options, operands


def lv_behind(pair: Pair, device: str) -> Lv | None:
    """The pair's logical volume behind /dev/VG/LV or /dev/mapper/VG-LV."""
    if device.startswith("/dev/mapper/"):
        vg, _, name = device.removeprefix("/dev/mapper/").replace("--", "\0").partition("-")
        vg, name = vg.replace("\0", "-"), name.replace("\0", "-")
    else:
        vg, _, name = device.removeprefix("/dev/").partition("/")
    return pair.inside.lvs.get(name) if vg == pair.inside.vg else None
