"""The questions that are put to a node's own programs, put to those of this machine."""

import socket
import subprocess

import pytest

from provisioning.facts import defined, disks, full_readings, network, texts
from tests.facts.test_assemble import WANTED, ok


def test_no_secret_of_drbd_leaves_the_node(tmp_path):
    file = tmp_path / "a.res"
    file.write_text(
        'resource a { net { cram-hmac-alg sha1; shared-secret "in;ner \\" #se{cret"; } on b { device minor 3; address 10.0.0.1:7790; } }\n'
        "resource c { net { shared-secret bare-secret; } on d { device minor 4; address 10.0.0.1:7791; } }\n"
        'resource e { net { shared-secret\n  "on the next line"; } on f { device minor 5; address 10.0.0.1:7792; } }'
    )
    sed = defined.FIND[defined.FIND.index("sed") : defined.FIND.index("{}")]
    printed = subprocess.run([*sed, file], capture_output=True, text=True, check=True).stdout
    assert "secret hidden;" in " ".join(printed.split())
    assert not any(each in printed for each in ("ner", 'cret"', "bare", "next"))
    assert defined.parse(printed) == (("a", 3, 7790), ("c", 4, 7791), ("e", 5, 7792))


def test_grep_leaves_sockets_in_use_on_the_node_and_nothing_else(tmp_path):
    sockets = tmp_path / "tcp"
    listening = "   0: 00000000:006F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 3"
    used = "   1: 0B4DA8C0:0801 644DA8C0:02FD 01 00000000:00000000 02:000A5D2F 00000000     0        0 4"
    sockets.write_text(f"  sl  local_address rem_address   st\n{listening}\n{used}\n   (0x01 note)\n")
    grep = subprocess.run([*texts.GREP, sockets], capture_output=True, text=True, check=True)
    assert [line.partition(":")[2] for line in grep.stdout.splitlines()] == [
        "  sl  local_address rem_address   st",
        listening,
        "   (0x01 note)",
    ]


@pytest.mark.parametrize(("family", "path", "bound"), [
    (socket.AF_INET, texts.UDP, "127.0.0.1"), (socket.AF_INET6, texts.UDP6, "::1"),
])  # fmt: skip
def test_udp_sockets_of_this_very_machine(family, path, bound):
    with socket.socket(family, socket.SOCK_DGRAM) as heard, socket.socket(family, socket.SOCK_DGRAM) as talking:
        try:
            heard.bind((bound, 0))
        except OSError:
            pytest.fail(f"this machine has no {bound}")
        port = heard.getsockname()[1]
        talking.connect((bound, port))
        printed = subprocess.run([*texts.GREP, path], capture_output=True, text=True, check=True).stdout
        own = talking.getsockname()[1]
    found = network.listening_udp(texts.parse(ok(printed), (path,)).must(path))
    assert (bound, port) in found
    assert own not in [number for _, number in found]


def test_find_prints_kernels_and_names_of_this_very_machine():
    argv = full_readings(WANTED)[[reading.name for reading in full_readings(WANTED)].index("kernels")].command.argv
    run = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "unknown" not in run.stderr
    assert disks.links(ok(run.stdout, run.returncode)) is not None
