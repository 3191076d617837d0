"""The verbs of `./panel`. Each has --help; exit statuses: 0 done, 1 failed, 2 wrong usage, 3 not running, 69 something is missing."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from storagepanel.launcher import control, detach, install, linting, locking, saving, testing, up
from storagepanel.launcher.places import ROOT, Problem, environment, manage

Verb = Callable[[argparse.Namespace], int]


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="./panel", description="storagepanel: a web panel for redundant pairs of storage servers.", epilog=__doc__
    )
    verbs = top.add_subparsers(dest="verb", metavar="VERB", required=True)

    def add(name: str, run: Verb, text: str, needs: str = "run") -> argparse.ArgumentParser:
        verb = verbs.add_parser(name, help=text, description=text)
        verb.set_defaults(run=run, needs=needs)
        return verb

    start = add("up", run_up, "install what is missing, start the panel and stay in the foreground")
    start.add_argument("-d", "--detach", action="store_true", help="go to the background once it answers")
    start.add_argument("--demo", action="store_true", help="with a simulated pair to try everything on")
    start.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    start.add_argument("--port", type=int, help="port to listen on (default: the first free one from 8000)")
    start.add_argument("--announce-to", type=int, help=argparse.SUPPRESS)
    add("stop", control.stop, "stop the running panel", needs="")
    add("status", control.status, "say whether the panel runs, and how each part is (exit 3: not running)", needs="")
    logs = add("logs", control.logs, "show the end of the parts' logs", needs="")
    logs.add_argument("part", nargs="?", help="web, jobs, probes, beat, redis, supervisor or up (default: all)")
    logs.add_argument("-f", "--follow", action="store_true", help="go on showing what is added")
    logs.add_argument("-n", "--lines", type=int, default=20, help="how many lines of each (default: %(default)s)")
    admin = add(
        "createadmin", control.createadmin, "print a link, good for 30 minutes, to set an administrator's password"
    )
    admin.add_argument("name", nargs="?", help="of the administrator (default: the only one there is, else admin)")
    backup = add("backup", saving.backup, "save database and keys in one file; the panel may run meanwhile")
    backup.add_argument("file", nargs="?", help="a new file (default: var/backups/panel-<time>.tar)")
    restore = add("restore", saving.restore, "bring back what ./panel backup saved; the panel must not run")
    restore.add_argument("file")
    restore.add_argument("--replace", action="store_true", help="although there is a database: it is moved aside first")
    command = add("manage", run_manage, "run one of Django's management commands")
    command.add_argument("arguments", nargs=argparse.REMAINDER)
    tests = add("test", testing.run, "run the tests: everything but the lab, or the given paths", needs="dev")
    either = tests.add_mutually_exclusive_group()  # the lab's panel has a database of its own
    either.add_argument("--lab", action="store_true", help="only the tests on real nodes (QEMU; about twenty minutes)")
    tests.add_argument("--browser", action="store_true", help="only the tests in a real browser")
    either.add_argument(
        "--postgresql",
        action="store_true",
        help="on a private PostgreSQL: everything but browser and lab, or the given paths; --browser: those alone",
    )
    tests.add_argument(
        "paths", nargs="*", help="files, directories or test ids; what follows -- goes to pytest as it is"
    )
    add("lint", linting.run, "run every linter and static check", needs="dev")
    add("lock", locking.run, "write the hashed lock files anew from requirements*.in", needs="dev")
    return top


def run_up(options: argparse.Namespace) -> int:
    if options.detach:
        arguments = ["up", "--host", options.host] + (["--demo"] if options.demo else [])
        return detach.detached(arguments + (["--port", str(options.port)] if options.port else []))
    return up.up(up.Options(options.host, options.port, options.demo), announcer(options.announce_to))


def announcer(descriptor: int | None) -> Callable[[str], None]:
    if descriptor is None:
        return lambda text: print(text, flush=True)

    def tell(text: str) -> None:
        with os.fdopen(descriptor, "w") as pipe:
            pipe.write(text)

    return tell


def run_manage(options: argparse.Namespace) -> int:
    argv = manage(*options.arguments)
    os.execve(argv[0], argv, environment())  # noqa: S606 - argv of our own


def in_the_right_python(needs: str, arguments: Sequence[str]) -> None:
    """Go on in the virtual environment, made first if need be; returns when this is the right one already."""
    python = install.ensure(needs)
    here = os.path.join(sys.prefix, "bin", "python")
    if os.path.realpath(os.path.dirname(python)) != os.path.realpath(os.path.dirname(here)):
        env = environment() | {"PYTHONPATH": str(ROOT)}
        os.execve(python, (str(python), "-m", "storagepanel.launcher", *arguments), env)  # noqa: S606 - argv of our own


def main(arguments: Sequence[str]) -> int:
    own, extra = (list(arguments), [])
    if own[:1] == ["test"] and "--" in own:
        own, extra = own[: own.index("--")], own[own.index("--") + 1 :]
    options = parser().parse_args(own)
    options.extra = extra
    try:
        if options.needs:
            in_the_right_python(options.needs, arguments)
        status: int = options.run(options)
    except Problem as problem:
        print(f"panel: {problem}", file=sys.stderr)
        return problem.status
    except KeyboardInterrupt:
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
