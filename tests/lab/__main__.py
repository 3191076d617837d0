"""Drive the lab's machines by hand, inside the lab's network namespace.

python -m tests.lab up [MACHINE...]         build the image if needed, start (default: alpha beta), wait for SSH
python -m tests.lab ssh MACHINE [COMMAND]   a shell, or one command, as root
python -m tests.lab inside COMMAND...       run a command of this host in the lab's namespace: curl, chromium, ./panel up
python -m tests.lab cut MACHINE             power cut
python -m tests.lab off [MACHINE...]        orderly shutdown
python -m tests.lab cable MACHINE lan|repl on|off
python -m tests.lab unplug-disk MACHINE
python -m tests.lab save|load NAME [MACHINE...]
python -m tests.lab status | wipe
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.lab import image, machines, network
from tests.lab.places import EVERY, MACHINES, PAIR


def main(verb: str, *rest: str) -> None:
    names = rest or tuple(name for name in EVERY if machines.running(name)) or PAIR
    match verb:
        case "up":
            image.ensure()
            network.enter()
            machines.start(*(rest or PAIR))
            machines.wait_ssh(*(rest or PAIR))
            network.observe()
        case "ssh":
            network.enter()
            os.execvp("ssh", [*machines.ssh_command(rest[0]), *(("--", *rest[1:]) if rest[1:] else ())])
        case "inside":
            network.enter()
            os.execvp(rest[0], rest)
        case "cut":
            machines.cut_power(*rest)
        case "off":
            network.enter()
            machines.shut_down(*names)
        case "cable":
            machines.cable(rest[0], rest[1], rest[2] == "on")
        case "unplug-disk":
            machines.unplug_disk(rest[0])
        case "save":
            machines.save(rest[0], rest[1:] or names)
        case "load":
            network.enter()
            machines.load(rest[0], rest[1:] or names)
            network.observe()
        case "status":
            for name in EVERY:
                print(_line(name))
        case "wipe":
            machines.wipe()
        case _:
            sys.exit(__doc__)


def _line(name: str) -> str:
    pid = machines.running(name)
    if not pid:
        return f"{name:8}off"
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    memory = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmRSS"))
    return f"{name:8}on  process {pid}, {memory} MiB, SSH 127.0.0.1:{MACHINES[name].port} in the namespace"


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["help"]))
