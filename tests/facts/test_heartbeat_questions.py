"""Of Heartbeat's answers one may be missing: it runs all the same."""

from __future__ import annotations

import pytest

from provisioning.facts import heartbeat
from provisioning.facts.answers import ParseError
from provisioning.transport.world import Result


def test_one_refused_question_does_not_mean_that_heartbeat_does_not_run() -> None:
    with pytest.raises(ParseError, match="not every question was answered"):
        heartbeat.parse(Result(0, "local\n", "cl_status: ERROR: Cannot signon with heartbeat\n"))
    assert not heartbeat.parse(Result(1, "", "cl_status: ERROR: Cannot signon with heartbeat\n")).running
