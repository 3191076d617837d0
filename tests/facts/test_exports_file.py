"""/etc/exports and its neighbours, read as exportfs reads them (each line was given to nfs-utils 2.6.2 once)."""

import subprocess

import pytest

from provisioning.facts import exports_file
from provisioning.facts.answers import ParseError
from provisioning.observed import ExportLine
from provisioning.transport.world import Result

TEXT = """# sample
/srv/a 10.0.0.0/8(rw,sync) @trusted(ro)   # why
/srv/b -sync,ro one two(rw)
"/srv/c d" *.example.org(ro)
/srv/e\\040f \\
   192.0.2.1(rw)
/srv/g host (rw)
/srv/h
"""


def line(number, path, client, options, blank=False):
    return ExportLine("/etc/exports", number, path, client, tuple(o for o in options.split(",") if o), blank)


def test_every_client_of_every_line():
    assert list(exports_file.entries("/etc/exports", TEXT)) == [
        line(2, "/srv/a", "10.0.0.0/8", "rw,sync"), line(2, "/srv/a", "@trusted", "ro"),
        line(3, "/srv/b", "one", "sync,ro"), line(3, "/srv/b", "two", "sync,ro,rw"),
        line(4, "/srv/c d", "*.example.org", "ro"), line(5, "/srv/e f", "192.0.2.1", "rw"),
        line(7, "/srv/g", "host", ""), line(7, "/srv/g", "*", "rw", blank=True), line(8, "/srv/h", "*", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("# old \\\n/opt/a 192.0.2.1(rw)\n", ["/opt/a 192.0.2.1"]), ("/opt/c#1 192.0.2.2(rw) # x\n", ["/opt/c#1 192.0.2.2"]),
        ('/opt/"a b" 192.0.2.3(rw)\n', ["/opt/a b 192.0.2.3"]), ("/opt/d\\\n\t 192.0.2.4(ro)\\\n# tail\n/e\n", ["/opt/d 192.0.2.4", "/e *"]),
        ("/opt/f -ro\n/g h(rw) -ro\n", ["/opt/f *", "/g h", "/g *"]), ('"/opt/h\ni" 192.0.2.7(ro)\n', ["/opt/h\ni 192.0.2.7"]),
        ("/opt/a\\134040b c\n", ["/opt/a b c"]), ('/opt/p "192.0.2.1(ro)" "#q(ro)"\n', ["/opt/p 192.0.2.1", "/opt/p #q"]),
        ("/a b\r\n/c d\r\n\r\n/e f\r\n", ["/a b", "/c d"]), ('/a b\n"" c\n/d e\n', ["/a b"]), ("/a\\\\\n/b c\n", ["/a\\ /b", "/a\\ c"]),
    ],
)  # fmt: skip
def test_it_takes_a_line_apart_as_exportfs_does(text, read):
    """Each was read by exportfs of nfs-utils 2.6.2; its table had these rows."""
    assert [f"{entry.path} {entry.client}" for entry in exports_file.entries("/etc/exports", text)] == read


@pytest.mark.parametrize(
    ("line", "on"),
    [("/a \\", True), ('/"a', True), ('# "old" \\', False), ("/a # \\", False), ("/a#\\", True), ('/"a b" c', False), ("", False)],
)  # fmt: skip
def test_what_goes_on_in_the_next_line(line, on):
    assert exports_file.goes_on(line) is on


@pytest.mark.parametrize(
    "text", ["", "\n\n", "#", "\\", "\\\n\\\n", "/", "(", "/x ((", '"', '"/a', "/a -", "\0", "/a\t(", "-"]
)
def test_nothing_in_such_a_file_is_an_error(text):
    list(exports_file.entries("/etc/exports", text))


def test_the_files_beside_ours():
    out = "/etc/exports.d/b.exports:/b *(ro)\n/etc/exports.d/a.exports:/a *(ro)\n/etc/exports.d/a.exports:\n/etc/exports.d/storagepanel.exports:/x\n"
    out += "/etc/exports.d/.hidden.exports:/h\n/etc/exports.d/old/c.exports:/c\n"
    assert exports_file.beside(Result(0, out)) == (
        ("/etc/exports.d/a.exports", "/a *(ro)\n\n"), ("/etc/exports.d/b.exports", "/b *(ro)\n"),
    )  # fmt: skip
    assert exports_file.beside(Result(2, "")) == ()


def test_our_own_file_does_not_come_twice(tmp_path):
    for name in ("a.exports", "storagepanel.exports", "notes"):
        (tmp_path / name).write_text("/x *(ro)\n")
    argv = (*exports_file.GREP_DIRECTORY[:-1], str(tmp_path))
    said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    assert said == f"{tmp_path}/a.exports:/x *(ro)\n"


@pytest.mark.parametrize(
    "answer", [Result(0, "nonsense\n"), Result(None, ""), Result(0, "/etc/exports.d/a.exports:x\n" * 5001)]
)
def test_an_answer_that_is_none(answer):
    with pytest.raises(ParseError):
        exports_file.beside(answer)
