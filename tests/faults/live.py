"""A real panel to break: its launcher, supervisor and five parts on a var directory of the tests' own, and its database opened here."""

from __future__ import annotations

import http.cookiejar
import os
import random
import signal
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.db import connections
from django.urls import reverse

from clusters.models import Cluster
from clusters.states import JobStatus
from provisioning import jobs
from provisioning.intents import Intent
from provisioning.models import Job, JobStep
from storagepanel.launcher import supervise
from tests import factories
from tests.faults import invariants
from tests.launcher.checkout import Installation
from tests.scenarios.stage import request_of

PARTS = ("redis", "web", "jobs", "probes", "beat")
MOVING = (JobStatus.QUEUED, JobStatus.RUNNING)


def until(true: Callable[[], Any], seconds: float, what: str) -> Any:
    """Wait for something; the test fails with `what` when it does not come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


@contextmanager
def database(path: Path) -> Iterator[None]:
    """Let this process work on the panel's own SQLite file, in every thread."""
    engine = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path)}
    options = {"transaction_mode": "IMMEDIATE", "timeout": 20}
    before, connection = connections.settings["default"], connections["default"]
    sqlite = {**before, **engine, "OPTIONS": options, "CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}
    connections.settings["default"] = sqlite
    del connections["default"]
    try:
        yield
    finally:
        connections["default"].close()
        connections.settings["default"] = before
        connections["default"] = connection


class Browser:
    """Somebody signed in to the panel, over HTTP."""

    def __init__(self, address: str, name: str) -> None:
        self.address, self.cookies = address, http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        self.get(reverse("sign-in"))
        status, page = self.post(reverse("sign-in"), username=name, password=factories.PASSWORD)
        assert status == 200 and "Sign out" in page, page[:2000]

    def get(self, path: str, timeout: float = 20) -> tuple[int, str]:
        return self._open(urllib.request.Request(self.address + path), timeout)

    def post(self, path: str, **fields: str) -> tuple[int, str]:
        token = next((cookie.value or "" for cookie in self.cookies if cookie.name == "csrftoken"), "")
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}).encode()
        return self._open(urllib.request.Request(self.address + path, data=body), 30)

    def _open(self, request: urllib.request.Request, timeout: float) -> tuple[int, str]:
        try:
            with self.opener.open(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read().decode()


class LivePanel:
    def __init__(self, installation: Installation, ada: Any) -> None:
        self.installation, self.ada, self.var = installation, ada, installation.var
        self.killed: list[str] = []

    @property
    def redis(self) -> Path:
        return supervise.run_dir() / "redis.sock"

    def pid(self, part: str) -> int:
        """The part's process, waited for while supervisor starts it anew."""

        def running() -> int:
            try:
                return next(state.pid for state in supervise.states() if state.name == part)
            except OSError:
                return 0

        found: int = until(running, 30, f"{part} runs")
        return found

    def kill(self, part: str, number: int = signal.SIGKILL) -> int:
        pid = self.pid(part)
        os.kill(pid, number)
        self.killed.append(part)
        return pid

    def restart(self, part: str) -> None:
        """Ask a part to end, and wait for the next one: supervisor calls the old one running until it has seen it end."""
        was = self.kill(part, signal.SIGTERM)
        until(lambda: self.pid(part) != was, 60, f"{part} is another process")
        self.whole()

    def whole(self) -> None:
        until(lambda: all(state.state == "RUNNING" for state in supervise.states()), 60, "every part runs")

    def plan(self, action: str, intent: Intent) -> Job:
        """Draft as ada, in this process; the panel's worker plans."""
        cluster = Cluster.objects.get(slug=intent.cluster)
        job = jobs.draft(request_of(self.ada), action, cluster, intent)
        until(lambda: fresh(job).status != JobStatus.DRAFTING, 60, "the plan")
        assert job.status == JobStatus.PROPOSED, f"{job.problem} {job.hint}"
        return job

    def approve(self, job: Job, name: str = "ada") -> tuple[int, str]:
        return self.approve_as(Browser(self.installation.address, name), job)

    def approve_as(self, browser: Browser, job: Job) -> tuple[int, str]:
        fields = {"reason": "fault", "typed_name": job.cluster.slug, "password": factories.PASSWORD}
        return browser.post(reverse("job-approve", args=[job.pk]), **fields)

    def sound(self, cluster: Cluster) -> list[str]:
        return invariants.broken(cluster, files=(self.var / "log", self.var / "queue"), queue=self.redis)

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in sorted((self.var / "log").glob("*.log")))


def fresh(job: Job) -> Job:
    job.refresh_from_db()
    return job


def begun(job: Job) -> int:
    """How many steps have begun."""
    return JobStep.objects.filter(job=job, started_at__isnull=False).count()


class Resumes:
    """Takes the time from the loss of a worker, or of what the next one needs while it is awaited, to the next claim."""

    def __init__(self, job: Job) -> None:
        self.job, self.times, self._lost = job, list[float](), None  # type: ignore[var-annotated]

    def lost(self) -> None:
        fresh(self.job)
        if self.job.status == JobStatus.RUNNING:
            self._lost = (time.monotonic(), self.job.claim)

    def later(self) -> None:
        """Something else was killed meanwhile: from now on."""
        if self._lost is not None:
            self._lost = (time.monotonic(), self._lost[1])

    def look(self) -> None:
        if self._lost and fresh(self.job).claim > self._lost[1]:
            self.times.append(time.monotonic() - self._lost[0])
            self._lost = None


def spread(dice: random.Random, kills: int, steps: int) -> list[int]:
    """Random points of a job, as numbers of steps that have begun; the last steps are left for the recovery, and some are found done after a
    kill and never begin."""
    return sorted(dice.randint(1, steps - 8) for _ in range(kills))
