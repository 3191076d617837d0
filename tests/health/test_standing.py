"""What the set-up of a node makes of the cluster's health."""

from dataclasses import replace

import pytest

from clusters.findings import Finding, Severity
from clusters.health import judge
from clusters.standing_health import WORDS
from clusters.states import Health
from provisioning.checks.standing import KEPT
from tests.health.test_judge import ALICE, BOB, NOW, pair


def bob_with(code, severity=Severity.BLOCKER, **more):
    return replace(
        BOB, standing=(Finding(code, severity, "It is so on bob.", "Do this.", node="bob", hazard=5),), **more
    )


@pytest.mark.parametrize(("code", "health"), [(code, words[0]) for code, words in WORDS.items()])
def test_each_has_its_health_and_a_sentence_with_the_node(code, health):
    judgement = judge(pair(ALICE, bob_with(code)), NOW)
    assert judgement.health is health
    assert "bob" in judgement.sentence and judgement.detail == "It is so on bob."
    assert code in {finding.code for finding in judgement.reasons}


def test_everything_that_is_kept_has_words():
    assert WORDS.keys() > KEPT


def test_data_past_drbd_means_that_a_failover_would_not_work():
    assert not judge(pair(ALICE, bob_with("lvm.active-on-standby")), NOW).failover_works
    assert judge(pair(ALICE, bob_with("nfs.enabled-at-boot")), NOW).failover_works


def test_a_kernel_that_does_not_boot_next_is_told_and_does_not_colour():
    judgement = judge(pair(ALICE, bob_with("drbd.module-missing-next-boot", Severity.WARNING)), NOW)
    assert judgement.health is Health.OK
    assert "It is so on bob." in {finding.text for finding in judgement.reasons}


def test_a_node_that_is_not_seen_says_nothing():
    judgement = judge(pair(ALICE, bob_with("lvm.past-drbd", reachable=False, age=100)), NOW)
    assert judgement.health is Health.UNKNOWN
    assert "lvm.past-drbd" not in {finding.code for finding in judgement.reasons}


def test_paths_are_not_told_by_a_manager_that_does_not_run():
    down = [replace(node, manager_running=False) for node in (ALICE, BOB)]
    codes = {finding.code for finding in judge(pair(*down), NOW).reasons}
    assert "manager.down" in codes and not codes & {"manager.paths", "manager.path-down"}
    old = replace(BOB, manager_running=False, links=(("alice", "eth1", "dead"),))
    assert "manager.path-down" not in {finding.code for finding in judge(pair(ALICE, old), NOW).reasons}


def test_a_sentence_lists_three_and_counts_the_rest():
    points = tuple(f"/srv/v{n}" for n in range(6))
    judgement = judge(pair(replace(ALICE, mounted=()), BOB, mount_points=points, exports=()), NOW)
    assert "Not mounted: /srv/v0, /srv/v1, /srv/v2 and 3 more." in judgement.detail
