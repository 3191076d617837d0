"""Each case is a directory: `command` (tool and version, what was typed), `output.txt`, and `expected.json`, what the parser makes of it.

REWRITE_FACTS=1 writes expected.json anew; read the difference before you commit it.
"""

import json
import os
from dataclasses import asdict, is_dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from provisioning.facts import (
    chrony,
    clients,
    defined,
    discard,
    disks,
    drbd,
    file_system,
    heartbeat,
    host,
    keytab,
    lvm,
    mounts,
    network,
    nfs,
    pacemaker,
    proc_drbd,
    quotas,
    software,
    texts,
)
from provisioning.facts.answers import ParseError

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in HERE.glob("*/*/output.txt"))


def answer(text, exit=0, stderr=""):
    return SimpleNamespace(exit=exit, stdout=text, stderr=stderr, truncated=False)


def written(small):
    found = mounts.with_writes(
        mounts.parse(small.must(texts.MOUNTS)), small.must(texts.MOUNTINFO), small.must(texts.DISKSTATS)
    )
    return {mount.target: mount.written for mount in found if mount.written is not None}


PARSERS = {
    "apt": software.candidates,
    "chronyc": chrony.parse,
    "clients": lambda text: clients.parse(answer(text)),
    "crm_mon": pacemaker.parse,
    "defined": defined.parse,
    "df": lambda text: mounts.with_usage(mounts.parse("/dev/a / ext4 rw 0 0\n"), text),
    "discard": discard.parse,
    "dpkg": lambda text: software.installed(answer(text)),
    "exports": nfs.exports,
    "file_system": lambda text: file_system.size(answer(text)),
    "fstab": mounts.fstab,
    "heartbeat": lambda text: heartbeat.parse(answer(text)),
    "ip": network.interfaces,
    "keytab": lambda text: keytab.principals(answer(text)),
    "kernels": lambda text: software.kernels(answer(text)),
    "lsblk": disks.parse,
    "lvmconfig": lambda text: {"filters": lvm.filters(text), "devices_file": lvm.devices_file(text)},
    "lvs": lvm.logical_volumes,
    "mounts": mounts.parse,
    "os_release": host.os_release,
    "pool": lambda text: clients.pool(answer(text)),
    "proc_drbd": lambda text: {"version": proc_drbd.kernel_version(text), "rows": drbd.replicas_of_proc(text, {})},
    "pvs": lvm.physical_volumes,
    "quota_graces": lambda text: quotas.graces(answer(text)),
    "quotas": lambda text: quotas.parse(answer(text)),
    "replicas": drbd.replicas,
    "tcp": network.listening,
    "units": software.units,
    "vgs": lvm.volume_groups,
    "writes": lambda text: written(texts.parse(answer(text), (texts.MOUNTS, texts.MOUNTINFO, texts.DISKSTATS))),
}


def plain(value):
    if is_dataclass(value):
        return {key: plain(each) for key, each in asdict(value).items()}
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, tuple | list) else value


def parsed(case):
    texts = [(case / "output.txt").read_text()]
    if case.parent.name == "replicas":
        texts.append((case / "proc-drbd.txt").read_text())
    try:
        return plain(PARSERS[case.parent.name](*texts))
    except ParseError as error:
        return {"refused": str(error)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_the_parser_reads_what_the_tool_printed(case):
    expected = case / "expected.json"
    read = json.loads(json.dumps(parsed(case)))
    if os.environ.get("REWRITE_FACTS"):
        expected.write_text(json.dumps(read, indent=1, ensure_ascii=False) + "\n")
    assert read == json.loads(expected.read_text())


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_a_case_says_what_printed_it(case):
    source, typed = (case / "command").read_text().splitlines()
    assert any(character.isdigit() for character in source)
    assert typed
