"""A plan as the shell script that somebody would write instead: the same commands, files and waits over kept SSH connections, nothing else.

Where the panel lets both nodes work side by side, so does the script. Left out is what a script would not do: guards, claims, kept copies,
and the look from outside at the end.
"""

from __future__ import annotations

import base64
import shlex
from collections.abc import Mapping

from provisioning.lanes import lanes
from provisioning.recording import remaining
from provisioning.steps import OBSERVER, Expect, Plan, Step, Text, Wait, WriteFile
from tests.lab import machines

HEAD = """set -eu
tell() { echo "$(date +%T.%N) $1"; }
said() {  # node, command: its output in one line in $out, its exit in $code
    code=0; out=$(on "$@" 2>/dev/null </dev/null) || code=$?
    out=$(printf %s "$out" | tr -s '[:space:]' ' ' | sed 's/^ //; s/ $//')
}
"""


def script(plan: Plan, secrets: Mapping[str, bytes]) -> str:
    parts = [HEAD, "on() { case $1 in"]
    for name in sorted({step.node for step in plan.todo()} - {OBSERVER}):
        parts.append(f'    {name}) shift; {shlex.join(machines.ssh_command(name))} -- "$1" ;;')
    parts.append("esac; }")
    for group in lanes(remaining(plan)):
        bodies = [[line for _, step in lane for line in _lines(step, secrets)] for lane in group]
        if len(bodies) == 1:
            parts += bodies[0]
            continue
        for number, body in enumerate(bodies):
            parts.append("\n".join(["(", *body, f") & lane{number}=$!"]))
        parts += [f"wait $lane{number}" for number in range(len(bodies))]
    return "\n".join(parts) + "\n"


def _lines(step: Step, secrets: Mapping[str, bytes]) -> list[str]:
    if step.node == OBSERVER:
        return []
    lines = [f"tell {shlex.quote(f'{step.node}: {step.title}')}"]
    if step.commands:
        lines.append(_on(step.node, " && ".join(_checked(command.exits, str(command)) for command in step.commands)))
    lines += [_put(step.node, file, secrets) for file in step.files]
    if step.load:
        lines.append(_on(step.node, str(step.load)))
    return [*lines, *_until(step.node, step.wait)] if step.wait else lines


def _on(node: str, line: str) -> str:
    return f"on {node} {shlex.quote(line)} >/dev/null </dev/null"


def _checked(exits: tuple[int, ...], line: str) -> str:
    line = f"env {line}"  # a command may begin with NAME=value
    if exits == (0,):
        return line
    return f"{{ {line}; case $? in {'|'.join(map(str, exits))}) ;; *) false ;; esac; }}"


def _put(node: str, file: WriteFile, secrets: Mapping[str, bytes]) -> str:
    owner, _, group = file.owner.partition(":")
    target = shlex.join(["install", "-D", "-m", file.mode, "-o", owner, "-g", group or owner, "/dev/stdin", file.path])
    packed = base64.b64encode(_content(file.content, secrets)).decode()
    return f"printf %s {packed} | base64 -d | on {node} {shlex.quote(target)}"


def _content(text: Text, secrets: Mapping[str, bytes]) -> bytes:
    return b"".join(part.encode() if isinstance(part, str) else secrets[part.name] for part in text.parts)


def _until(node: str, wait: Wait) -> list[str]:
    question = f"said {node} {shlex.quote(f'env {wait.command}')}"
    return [f"until {question}; {_holds(wait.expect)}; do sleep {wait.every}; done"]


def _holds(expect: Expect) -> str:
    tests = [f"case $code in {'|'.join(map(str, expect.exits))}) true ;; *) false ;; esac"]
    if expect.one_of:
        tests.append(f"case $out in {'|'.join(map(shlex.quote, expect.one_of))}) true ;; *) false ;; esac")
    tests += [f"case $out in *{shlex.quote(part)}*) true ;; *) false ;; esac" for part in expect.contains]
    tests += [f"case $out in *{shlex.quote(part)}*) false ;; *) true ;; esac" for part in expect.lacks]
    return " && ".join(tests)
