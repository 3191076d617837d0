"""Whatever a node prints: a parser reads it or refuses it with ParseError, never anything else, and never slower than the text grows."""

import contextlib
import json
import time
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.facts import (
    chrony,
    defined,
    disks,
    drbd,
    files,
    heartbeat,
    host,
    lvm,
    mounts,
    network,
    nfs,
    pacemaker,
    proc_drbd,
    software,
    texts,
)
from provisioning.facts.answers import ParseError
from tests.facts.test_cases import CASES


def answer(text, exit=0, stderr=""):
    return SimpleNamespace(exit=exit, stdout=text, stderr=stderr, truncated=False)


PARSERS = {
    "apt": software.candidates,
    "chronyc": chrony.parse,
    "crm_mon": pacemaker.parse,
    "defined": defined.parse,
    "df": lambda text: mounts.with_usage((), text),
    "digests": lambda text: files.digests(answer(text, 1, text), ("/etc/exports",)),
    "dpkg": lambda text: software.installed(answer(text)),
    "entries": lambda text: files.now(files.entries(answer(text))),
    "events2": lambda text: drbd.replicas(text, None),
    "exports": nfs.exports,
    "fstab": mounts.fstab,
    "heartbeat": lambda text: heartbeat.parse(answer(text)),
    "identifier": host.identifier,
    "ip": network.interfaces,
    "kernels": lambda text: software.kernels(answer(text)),
    "lsblk": disks.parse,
    "lvm_devices_file": lvm.devices_file,
    "lvm_filters": lvm.filters,
    "lvs": lvm.logical_volumes,
    "mounts": mounts.parse,
    "neighbours": lambda text: network.answers(answer("", 1), answer(text)),
    "os_release": host.os_release,
    "proc_drbd": lambda text: drbd.replicas_of_proc(text, {}),
    "proc_version": proc_drbd.kernel_version,
    "pvs": lvm.physical_volumes,
    "replicas": lambda text: drbd.replicas(text, text),
    "tcp": network.listening,
    "texts": lambda text: texts.parse(answer(text, 2), ("/proc/drbd",)),
    "threads": nfs.threads,
    "units": software.units,
    "upstream": software.upstream,
    "version": software.version,
    "uptime": host.uptime,
    "vgs": lvm.volume_groups,
    "word": host.word,
}

HOSTILE = {
    "empty": "",
    "blank": " \n\t\n",
    "nul": "\0" * 100,
    "ansi": "\x1b[31mexists\x1b[0m resource \x1b]0;title\x07\x1b[2J",
    "carriage returns": "exists -\r\nversion: 8.4.11\r\n",
    "html": "<script>alert(1)</script> {{ 7*7 }} <b>",
    "bidi": "\u202egnp.exe\u2028\u2029\x85",
    "invalid utf-8": b"\xff\xfe\x80 exists -".decode("utf-8", "replace"),
    "surrogates": "\udcff\udc80",
    "bare nan": '{"report": nan, "blockdevices": nan}',
    "nan": '{"blockdevices": [{"name": "a", "type": "disk", "size": NaN}]}',
    "infinity": '[{"ifname": "a", "addr_info": [{"local": "1.2.3.4", "prefixlen": 1e999}]}]',
    "list for object": '{"blockdevices": {"a": 1}, "report": {"pv": []}}',
    "null rows": '{"blockdevices": [null], "report": [null]}',
    "number for text": '{"blockdevices": [{"name": 7, "type": [], "size": {}}], "report": [{"pv": [{"pv_name": 1}], "lv": [7]}]}',
    "negative size": '{"blockdevices": [{"name": "a", "type": "disk", "size": -1}], "report": [{"pv": [{"pv_name": "a", "pv_size": "-1"}]}]}',
    "deep": "[" * 100_000,
    "deep children": '{"blockdevices": [' + '{"name":"a","size":1,"children":[' * 400 + "]}" * 400 + "]}",
    "endless number": '{"blockdevices": [{"name": "a", "type": "disk", "size": ' + "9" * 10_000 + "}]}",
    "negative percent": " 0: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----\n ns:0 oos:5\n sync'ed: -4.2% (5/6)K\n",
    "percent of words": " 0: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----\n ns:0 oos:5\n sync'ed: all of it\n",
    "unknown state": " 0: cs:Dancing ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n",
    "huge out of sync": " 0: cs:Connected ro:Primary/Secondary ds:UpToDate/UpToDate C r-----\n ns:0 oos:" + "9" * 400,
    "negative out of sync": "exists device name:a volume:0 minor:0\nexists peer-device name:a volume:0 out-of-sync:-1\nexists -",
    "no name": "exists device volume:0 minor:0\nexists -",
    "same twice": "exists device name:a volume:0 minor:0\nexists device name:a volume:0 minor:1\nexists -",
    "cut off": "exists resource name:a role:Primary\nexists dev",
    "superscript digits": "exists device name:a volume:0 minor:²\nexists -",
    "open quote": 'resource "a {',
    "open brace": "resource a { on b {",
    "many closing": "}" * 100,
    "entities": '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;&b;&b;">]><crm_mon>&c;</crm_mon>',
}


@pytest.mark.parametrize("parser", PARSERS, ids=str)
def test_hostile_output_is_read_or_refused_in_one_line(parser):
    for text in HOSTILE.values():
        try:
            PARSERS[parser](text)
        except ParseError as error:
            assert len(str(error)) < 400


@pytest.mark.parametrize(
    "parser, text, why",
    [
        ("proc_drbd", HOSTILE["unknown state"], "Dancing"),
        ("proc_drbd", HOSTILE["negative percent"], "no percentage: \"sync'ed: -4.2%"),
        ("proc_drbd", HOSTILE["huge out of sync"], "impossible size"),
        ("events2", HOSTILE["negative out of sync"], "out-of-sync:-1"),
        ("events2", HOSTILE["same twice"], "listed twice: 'exists device name:a volume:0 minor:1'"),
        ("events2", HOSTILE["cut off"], "has no end"),
        ("events2", HOSTILE["superscript digits"], "not a number"),
        ("lsblk", HOSTILE["nan"], "NaN is not a number"),
        ("lsblk", HOSTILE["negative size"], "size=-1"),
        ("lsblk", HOSTILE["deep children"], "too deep"),
        ("ip", HOSTILE["infinity"], "prefixlen is not a number"),
        ("pvs", HOSTILE["number for text"], "pv_name is not a text"),
        ("crm_mon", HOSTILE["entities"], "declares"),
        ("defined", HOSTILE["many closing"], "/etc/drbd.d:0: a } that closes nothing"),
    ],
)
def test_a_refusal_names_what_was_printed(parser, text, why):
    with pytest.raises(ParseError, match=".*") as refused:
        PARSERS[parser](text)
    assert why in str(refused.value)


@pytest.mark.parametrize("parser", PARSERS, ids=str)
@given(text=st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: raw.decode("utf-8", "replace")))
@settings(max_examples=40, deadline=None)
def test_any_text_is_read_or_refused(parser, text):
    with contextlib.suppress(ParseError):
        PARSERS[parser](text)


def json_values():
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    keys = st.sampled_from(
        ["report", "pv", "lv", "vg", "pv_name", "pv_size", "vg_name", "lv_attr", "lv_active", "blockdevices"]
    )
    keys |= st.sampled_from(
        ["name", "size", "type", "children", "mountpoints", "ro", "ifname", "addr_info", "local", "prefixlen"]
    )
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5), max_leaves=12
    )


@pytest.mark.parametrize("parser", ["ip", "lsblk", "lvs", "neighbours", "pvs", "vgs"])
@given(value=json_values(), top=st.sampled_from([None, "blockdevices", "pv", "lv"]))
@settings(max_examples=80, deadline=None)
def test_json_of_any_shape_is_read_or_refused(parser, value, top):
    wrapped = value if top is None else {top: [value], "report": [{top: [value]}]}
    with contextlib.suppress(ParseError):
        PARSERS[parser](json.dumps(wrapped))


MUTABLE = [case for case in CASES if case.parent.name in PARSERS]


@given(case=st.sampled_from(MUTABLE), data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_mutated_answer_is_read_or_refused(case, data):
    text = (case / "output.txt").read_text()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        length = data.draw(st.integers(0, 30))
        text = (
            text[:at]
            + data.draw(st.text(max_size=6) | st.sampled_from(['"', "{", "-1", ":", "\n", "nan"]))
            + text[at + length :]
        )
    with contextlib.suppress(ParseError):
        PARSERS[case.parent.name](text)


ROW = " {0}: cs:SyncSource ro:Primary/Secondary ds:UpToDate/Inconsistent C r-----\n ns:0 oos:5\n sync'ed: 4.2% (5/6)K\n"
GROWING = {
    "newlines": lambda n: "\n" * n,
    "noise": lambda n: "WARNING: a warning\n" * (n // 20),
    "one line": lambda n: "a" * n,
    "blanks": lambda n: " " * n,
    "digits": lambda n: "1" * n,
    "quotes": lambda n: '"' * n,
    "escaped quotes": lambda n: 'global_filter="' + '\\"' * (n // 2),
    "backslashes": lambda n: "\\" * n,
    "braces": lambda n: "a {" * (n // 6) + "}" * (n // 6),
    "brackets": lambda n: "[" * n,
    "slashes": lambda n: "/lib/modules/" + "a/" * (n // 2),
    "dots": lambda n: "version: " + "1." * (n // 2),
    "colons": lambda n: "exists device " + "a:" * (n // 2),
    "percents": lambda n: ROW.format(0) + "sync'ed: " * (n // 9),
    "rows": lambda n: "".join(ROW.format(minor) for minor in range(n // 110)),
    "devices": lambda n: (
        "".join(f"exists device name:r{at} volume:0 minor:{at} disk:UpToDate\n" for at in range(n // 60)) + "exists -\n"
    ),
    "lsblk rows": lambda n: json.dumps({"blockdevices": [{"name": "a", "type": "disk", "size": 1}] * (n // 45)}),
    "lvm rows": lambda n: json.dumps(
        {"report": [{"pv": [{"pv_name": "a", "pv_size": "1", "pv_free": "1"}] * (n // 60)}]}
    ),
    "lvm lines": lambda n: '{"report": [\n' + '{"pv": []},\n' * (n // 14) + '{"pv": []}]}',
    "tags": lambda n: "<crm_mon>" + "<node>" * (n // 6),
    "units": lambda n: "Id=a.service\nLoadState=loaded\nActiveState=active\nUnitFileState=\n\n" * (n // 65),
}


def seconds(parse, text):
    best = 9.0
    for _ in range(2):
        start = time.process_time()
        with contextlib.suppress(ParseError):
            parse(text)
        best = min(best, time.process_time() - start)
    return best


@pytest.mark.parametrize("kind", GROWING, ids=str)
def test_ten_times_the_text_takes_about_ten_times_as_long(kind):
    """A quadratic parser would take a hundred times as long. Small times are left out: they measure the clock."""
    small, large = GROWING[kind](5_000), GROWING[kind](50_000)
    for name, parse in PARSERS.items():
        long = seconds(parse, large)
        if long > 0.03:
            assert long < 40 * max(seconds(parse, small), 0.001), name


def test_a_million_lines_are_read_in_time_that_grows_with_them():
    text = "\n" * 1_000_000
    half = seconds(PARSERS["proc_drbd"], text[:250_000])
    assert seconds(PARSERS["proc_drbd"], text) < 16 * max(half, 0.02)
    assert drbd.replicas_of_proc(text + ROW.format(3), {})[0].minor == 3
