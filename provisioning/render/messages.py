"""Heartbeat's shell scripts made to hand a message over in one piece. Pure.

As shipped, `ha_clustermsg` writes a message to Heartbeat's FIFO in several writes. Two scripts that do so at the same moment tear each other's
messages, and what Heartbeat then misses may be the one that starts the group.
"""

from __future__ import annotations

from provisioning.desired import DesiredCluster
from provisioning.render.managed import ManagedFile, header, with_block
from provisioning.render.paths import SHELLFUNCS, WHOLE_MESSAGES
from provisioning.steps import Text

_FUNCTION = """\
# Collect the message that comes in at stdin and write it with one call, which a FIFO keeps together up to 4096 bytes.
ha_clustermsg() {
    (echo '>>>'; cat -; echo '<<<') | dd bs=4096 iflag=fullblock status=none >>"$HA_FIFO"
}"""
_SCRIPT = """\
# Heartbeat's scripts hand it a message in several writes, so two at once tear each other's messages, and then Heartbeat may start nothing.
# This adds to their common functions one that writes a message in one piece. It is run before each start of Heartbeat, because a new version of the
# package may bring the old functions back.
set -eu
file=@FILE@
new=$(mktemp "$file.XXXXXX")
trap 'rm -f "$new"' EXIT
cp --preserve=mode,ownership "$file" "$new"
sed '/^@BEGIN@$/,/^@END@$/d' "$file" >"$new"
cat >>"$new" <<'BLOCK'
@BLOCK@BLOCK
cmp --silent "$new" "$file" && exit 0
sync "$new"
mv "$new" "$file"
"""


def block(desired: DesiredCluster) -> str:
    return with_block(None, desired.name, _FUNCTION)


def whole_messages(desired: DesiredCluster) -> ManagedFile:
    text = block(desired)
    begin, *_, end = text.splitlines()
    script = _SCRIPT.replace("@FILE@", SHELLFUNCS).replace("@BLOCK@", text)
    script = script.replace("@BEGIN@", begin.replace(".", "[.]")).replace("@END@", end.replace(".", "[.]"))
    head = "#!/bin/sh\n" + header(desired.name, "keeps Heartbeat's messages in one piece")
    return ManagedFile(WHOLE_MESSAGES, Text.of(head + script), mode="0755")
