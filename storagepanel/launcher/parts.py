"""The parts of a running panel, one command line each. Supervisor, systemd units and containers all start them here:
`python -m storagepanel.launcher.parts web`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from storagepanel.launcher import queue
from storagepanel.launcher.places import ROOT, Problem, environment, own_redis, run_dir

CELERY = ("-m", "celery", "--app", "storagepanel.celery")
WORKER = ("--include", "provisioning.tasks", "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING")  # fmt: skip
NO_KEY = "/nonexistent/only-the-workers-have-it"


def names() -> list[str]:
    return (["redis"] if own_redis() else []) + ["web", "jobs", "probes", "beat"]


def command(part: str) -> tuple[str, ...]:
    match part:
        case "web":
            return (sys.executable, "-m", "gunicorn", "storagepanel.wsgi:application", *web_options())
        case "jobs":
            # Threads: a job waits for nodes nearly all its time, and sixteen threads cost less than a second process.
            return (sys.executable, *CELERY, "worker", "--queues", "jobs", "--hostname", "jobs@%h",
                    "--pool", "threads", "--concurrency", "16", *WORKER)  # fmt: skip
        case "probes":
            return (sys.executable, *CELERY, "worker", "--queues", "probes", "--hostname", "probes@%h",
                    "--pool", "threads", "--concurrency", "2", *WORKER)  # fmt: skip
        case "beat":
            schedule = str(run_dir() / "beat-schedule")
            return (sys.executable, *CELERY, "beat", "--schedule", schedule, "--pidfile", "", "--loglevel", "WARNING")
        case "redis":
            return queue.command()
    raise Problem(f"There is no part named {part!r}; the parts are {', '.join(names())}.", 64)


def web_options() -> tuple[str, ...]:
    return (
        "--bind", os.environ.get("PANEL_BIND", "127.0.0.1:8000"),
        "--worker-class", "gthread",
        "--workers", os.environ.get("PANEL_WEB_WORKERS", "2"),
        "--threads", "8",
        # Loaded once and forked: the workers share the memory of the code.
        "--preload",
        # Its default place is the home directory, which a service account does not have.
        "--no-control-socket",
        "--graceful-timeout", "5",
        "--log-level", "warning",
    )  # fmt: skip


def part_environment(part: str) -> dict[str, str]:
    """Return the environment of one part. The web gets no way to the workers' private key."""
    # Each part makes the panel's own checks; Celery would make Django's too, and load every page's code for them.
    env = environment() | {"PANEL_ROLE": part, "CELERY_SKIP_CHECKS": "true"}
    if part == "web":
        env["WORKER_PRIVATE_KEY_FILE"] = NO_KEY
    env.setdefault("PANEL_MANIFEST_STATIC", "true")
    return env


def main() -> None:
    try:
        argv = command(sys.argv[1] if len(sys.argv) == 2 else "")
    except Problem as problem:
        sys.exit(f"panel: {problem}")
    Path(run_dir()).mkdir(parents=True, exist_ok=True)
    os.chdir(ROOT)
    os.execve(argv[0], argv, part_environment(sys.argv[1]))  # noqa: S606 - argv of our own


if __name__ == "__main__":
    main()
