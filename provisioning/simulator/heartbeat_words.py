"""What Heartbeat's package brings, and what the panel's script does to it. Pure over the state."""

from __future__ import annotations

from provisioning.render.paths import SHELLFUNCS, WHOLE_MESSAGES
from provisioning.simulator.state import Answer, Changers, File, Machine, Pair

AS_SHIPPED = """\
ha_clustermsg() {
\t(echo ">>>"; cat -; echo "<<<")\t| cat - >> $HA_FIFO
}
. /usr/lib/ocf/lib/heartbeat/ocf-shellfuncs
"""


def brought_by(package: str) -> dict[str, File]:
    return {SHELLFUNCS: File(AS_SHIPPED)} if package == "resource-agents" else {}


def _whole_messages(pair: Pair, machine: Machine, argv: tuple[str, ...], now: float) -> Answer:
    """Put the block that the script carries into the package's file."""
    block = machine.files[WHOLE_MESSAGES].text.partition("<<'BLOCK'\n")[2].partition("BLOCK\n")[0]
    old = machine.files.get(SHELLFUNCS)
    if old is None:
        return 1, "", f"cp: cannot stat '{SHELLFUNCS}': No such file or directory\n"
    machine.files[SHELLFUNCS] = File(old.text.partition("# begin: ")[0] + block, old.mode)
    return 0, "", ""


CHANGERS: Changers = {
    WHOLE_MESSAGES.rsplit("/", 1)[-1]: _whole_messages,
}
