"""What holds for every rule, whatever is typed: a value or a RuleError, safe to put anywhere, and stable when asked again."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clusters import rules

RULES = [
    rules.device, rules.export_options, rules.export_path, rules.host_name, rules.interface, rules.ip, rules.label, rules.lv_name,
    rules.mount_options, rules.mount_point, rules.network_client, rules.node_name, rules.person_name,
    rules.port, rules.resource_name, rules.service_ip,
    rules.size, rules.slug, rules.ssh_host, rules.ssh_user, rules.vg_name, rules.volume_name,
]  # fmt: skip
HOSTILE = [
    "$(touch /tmp/canary)", "`id`", "; reboot", "| cat", "a && b", "a\nb", "a\rb", "a\0b", "\x1b[2J", "‮gpj", "ﬁ", "１０.0.0.1",
    "x" * 65536, "-rf", "--help", "../../etc/passwd", "<script>alert(1)</script>", "{{ 7*7 }}", "{% debug %}", "'", '"', "\\", "%0A",
    " ", "\t", "\ufeff", "a b", "!", "#", "a=b c", "*", "~root", "\ud800",
]  # fmt: skip
alphabet = st.text(st.characters(codec="utf-8"), max_size=60)
nearly_right = st.from_regex(re.compile(r"[a-z0-9_./:@*?,=+ -]{0,40}", re.ASCII), fullmatch=True)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@settings(max_examples=120, deadline=None)
@given(value=alphabet | nearly_right)
def test_it_answers_a_safe_value_or_a_sentence(rule, value):
    try:
        kept = rule(value)
    except rules.RuleError as refused:
        assert refused.message.endswith(".") and len(refused.message) < 400
        assert refused.message.isprintable()
        return
    if isinstance(kept, str):
        assert all("!" <= char <= "~" for char in kept)
        assert not set(kept) & set(" ;|&$`\"'\\<>(){}!#~^")
        assert not kept.startswith("-")
        assert rule(kept) == kept
    else:
        assert isinstance(kept, int) and kept > 0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value[:12]))
def test_hostile_input_is_refused(rule, value):
    if rule is rules.network_client and value == "*":
        assert rule(value) == "*"
        return
    with pytest.raises(rules.RuleError) as refused:
        rule(value)
    assert refused.value.message.isprintable() and len(refused.value.message) < 400


@settings(max_examples=300, deadline=None)
@given(value=nearly_right)
def test_what_is_offered_for_a_client_would_be_taken(value):
    try:
        rules.network_client(value)
    except rules.RuleError as refused:
        if refused.offer and "One client" not in refused.message:
            assert isinstance(refused.offer, str) and refused.offer != value
