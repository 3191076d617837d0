"""A plan on its page: lanes, differences, findings."""

from dataclasses import replace

from django.template.loader import render_to_string

from clusters.findings import blocker, fine, warning
from provisioning.pages import diffs, plan_page
from provisioning.steps import (
    OBSERVER,
    Expect,
    Guard,
    Kind,
    Plan,
    Probe,
    SecretRef,
    Stage,
    Step,
    Text,
    Wait,
    WriteFile,
    cmd,
    unchanged,
)  # fmt: skip


def step(node="alice", title="Do it", **fields):
    return Step(node, title, fields.pop("kind", Kind.WRITES), fields.pop("stage", Stage.VOLUMES), **fields)


def plan(*steps, findings=()):
    return Plan("Title", "Summary.", "Now.", "After.", steps, findings)


def test_steps_stand_in_the_lane_of_their_node():
    view = plan_page.view(plan(step("bob"), step("alice"), step(OBSERVER)), ["alice", "bob"])
    assert [row.lane for row in view.rows] == ["b", "a", "o"]
    assert [row.number for row in view.rows] == [1, 2, 3]


def test_every_command_and_condition_is_shown():
    row = plan_page.view(
        plan(
            step(
                commands=(cmd("lvcreate", "--name", "a b", "vg"),),
                files=(WriteFile("/etc/x", Text.of("x\n")),),
                load=cmd("exportfs", "-r"),
                guards=(Guard("vdb is still empty", cmd("wipefs", "/dev/vdb"), Expect()),),
                wait=Wait("it is there", cmd("ls"), Expect(), 300),
                probe=Probe("10.0.0.50", ("/srv/a",)),
                note="Way back: remove it.",
            )
        ),
        ["alice", "bob"],
    ).rows[0]
    assert [c.text for c in row.commands] == [
        "wipefs /dev/vdb",
        "lvcreate --name 'a b' vg",
        "put /etc/x",
        "exportfs -r",
        "ls",
    ]
    assert row.notes == (
        "Runs only if vdb is still empty.", "Waits until it is there, at most 5 min.", "10.0.0.50 answers and lists /srv/a, within 60 s.",
        "Way back: remove it.",
    )  # fmt: skip


def test_what_runs_after_a_failure_is_shown_as_commands() -> None:
    failing = step(
        if_it_fails=cmd("systemctl", "start", "nfs server"), way_back=(cmd("exportfs", "-ra"), cmd("umount", "/srv/a"))
    )
    row = plan_page.view(plan(failing), ["alice", "bob"]).rows[0]
    assert [(way.when.split(",")[0], [line.text for line in way.commands]) for way in row.ways_back] == [
        ("If it fails", ["systemctl start 'nfs server'"]),
        ("If it fails and the previous files are back", ["exportfs -ra", "umount /srv/a"]),
    ]
    assert row.notes == ()


def test_a_command_that_is_for_a_failure_only_says_so() -> None:
    falling = step(commands=(cmd("mount", "/new"), replace(cmd("mount", "/old"), fallback=True)))
    row = plan_page.view(plan(falling), ["alice", "bob"]).rows[0]
    assert [(line.text, line.when) for line in row.commands] == [
        ("mount /new", ""),
        ("mount /old", "If that fails:"),
    ]
    page = render_to_string("provisioning/_plan_steps.html", {"view": plan_page.view(plan(falling), ["alice", "bob"])})
    assert '<p class="back">If that fails:</p><code class="cmd ">mount /old</code>' in page


def test_headings_come_with_long_plans_only():
    short = plan_page.view(plan(step(), step()), ["alice", "bob"])
    assert not any(row.heading for row in short.rows)
    long = plan_page.view(plan(*[step(stage=Stage.PACKAGES)] * 6, *[step()] * 8), ["alice", "bob"])
    assert [(row.number, row.heading) for row in long.rows if row.heading] == [(1, "Packages"), (7, "Volumes")]


def test_findings_are_sorted_by_weight_and_counted():
    view = plan_page.view(plan(findings=(fine("a", "A"), blocker("b", "B"), warning("c", "C"))), ["alice", "bob"])
    assert [finding.code for finding in view.findings] == ["b", "c", "a"]
    assert view.counts == {"blocker": 1, "warning": 1, "ok": 1}
    assert [finding.code for finding in view.blockers] == ["b"]


def write(node, text, before_text=None, before=None, **fields):
    return step(
        node, files=(WriteFile("/etc/exports", Text.of(text), before=before, before_text=before_text),), **fields
    )


def test_the_same_change_on_both_nodes_is_one_difference():
    found = diffs.of_steps([write("alice", "a\nb\nc\n", "a\nc\n", "00"), write("bob", "a\nb\nc\n", "a\nc\n", "00")])
    assert len(found) == 1
    assert found[0].about == "same on alice and bob · 4 → 6 bytes"
    assert [(line.sign, line.text) for line in found[0].lines] == [(" ", "a"), ("+", "b"), (" ", "c")]


def test_a_node_that_differs_has_its_own():
    found = diffs.of_steps([write("alice", "a\n", "x\n", "00"), write("bob", "a\n", "y\n", "11")])
    assert [diff.nodes for diff in found] == [("alice",), ("bob",)]


def test_a_new_file_is_all_plus_and_a_secret_one_says_so():
    new = diffs.of_steps([write("alice", "a\n")])[0]
    assert new.about == "new on alice · 2 bytes" and new.lines[0].css == "a"
    secret = diffs.of_steps(
        [step(files=(WriteFile("/etc/ha.d/authkeys", Text.of("1 sha1 ", SecretRef("authkeys")), before="00"),))]
    )[0]
    assert "secret" in secret.about and secret.lines[0].text == "1 sha1 ••••"


def test_what_is_unchanged_is_not_written():
    assert diffs.of_steps([unchanged(write("alice", "a\n"), "It is so.")]) == []


def test_far_lines_are_left_out():
    before = [f"line {n}" for n in range(100)]
    after = [*before[:50], "new", *before[50:]]
    found = diffs.of_steps([write("alice", "\n".join(after), "\n".join(before), "00")])[0]
    assert len(found.lines) == 7


def test_hostile_content_is_spelled_out():
    found = diffs.of_steps([write("alice", "a\x1b[31m\u202eb\n")])[0]
    assert found.lines[0].text == "a⟨U+202E⟩b"
