"""What `./panel test` does about a browser or a server that is not there."""

from __future__ import annotations

import argparse

import pytest

from storagepanel.launcher import needs, testing
from storagepanel.launcher.needs import Need
from storagepanel.launcher.places import Problem

NO_BROWSER = Need("browser", ("chromium",), lambda: False)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Somebody who may install nothing; and what pytest would have been called with."""
    made: list[list[str]] = []

    def pytest_would_run(arguments: list[str], program: str = "pytest") -> int:
        made.append(arguments if program == "pytest" else [program, *arguments])
        return 0

    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(needs, "NEEDS", (NO_BROWSER,))
    monkeypatch.setattr(needs.os, "getuid", lambda: 1000)
    monkeypatch.setattr(testing, "pytest", pytest_would_run)
    return made


def options(**asked: object) -> argparse.Namespace:
    return argparse.Namespace(
        **{"lab": False, "browser": False, "postgresql": False, "paths": [], "extra": [], **asked}
    )


def test_it_says_plainly_which_tests_did_not_run(calls: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert testing.run(options()) == 0
    assert calls == [["-m", "not bench and not browser and not lab", "-n", "2", "--dist", "loadfile", "tests"]]
    assert "NOT RUN: the tests marked 'browser'. As root: apt-get install chromium" in capsys.readouterr().err


def test_ci_never_goes_without(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(Problem, match="chromium"):
        testing.run(options())
    assert calls == []


def test_what_was_asked_for_by_name_is_not_left_out_silently(calls: list[list[str]]) -> None:
    assert testing.run(options(browser=True)) == testing.LACKING
    assert testing.run(options(lab=True)) == testing.LACKING
    assert calls == []


def test_root_gets_it_installed(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    installed: list[str] = []
    monkeypatch.setattr(needs, "NEEDS", (Need("browser", ("chromium",), lambda: "chromium" in installed),))
    monkeypatch.setattr(needs.os, "getuid", lambda: 0)
    monkeypatch.setattr(needs, "install", installed.extend)
    assert testing.run(options(browser=True)) == 0
    assert installed == ["chromium"]
    assert calls == [["-m", "browser", "tests"]]


def test_the_lab_runs_alone(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "NEEDS", ())
    testing.run(options(lab=True))
    testing.run(options(paths=["tests/rules"], extra=["-x"]))
    assert calls == [["-m", "lab", "--capture=no", "tests/lab"], ["-m", "not bench and not lab", "tests/rules", "-x"]]


def test_on_postgresql_it_needs_no_browser(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    assert testing.run(options(postgresql=True, paths=["tests/pages"])) == 0
    marks, again = "not bench and not browser and not lab", "--ignore=tests/test_on_postgresql.py"
    assert calls == [["tests.on_postgresql", "-m", marks, again, "tests/pages"]]
    monkeypatch.setattr(needs, "NEEDS", (Need("services", ("postgresql-15",), lambda: False),))
    assert testing.run(options(postgresql=True)) == testing.LACKING and len(calls) == 1
    assert testing.run(options(postgresql=True, browser=True)) == testing.LACKING and len(calls) == 1


def test_the_browser_too_on_postgresql(calls: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "NEEDS", ())
    testing.run(options(postgresql=True, browser=True))
    assert calls == [["tests.on_postgresql", "-m", "browser", "tests"]]
