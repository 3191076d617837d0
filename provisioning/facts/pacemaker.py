"""What Pacemaker says: `crm_mon --one-shot --output-as=xml`. Read only, and not part of any plan yet. Proven with Pacemaker 2.1.5.

Older versions name the root `crm_mon` and the roles Master and Slave; both are read, neither is proven.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from xml.parsers import expat

from provisioning.facts.answers import number, refuse

CRM_MON = ("crm_mon", "--one-shot", "--output-as=xml")
ROOTS = ("pacemaker-result", "crm_mon")
ROLES = {"Master": "Promoted", "Slave": "Unpromoted"}
KNOWN_ROLES = (
    "Started",
    "Stopped",
    "Promoted",
    "Unpromoted",
    "Starting",
    "Stopping",
    "Promoting",
    "Demoting",
    "Migrating",
)
INFINITY = 1_000_000  # a fail count that means: never again on this node

Attributes = dict[str, str]


@dataclass(frozen=True, slots=True)
class Member:
    name: str
    online: bool
    standby: bool
    maintenance: bool
    unclean: bool


@dataclass(frozen=True, slots=True)
class ClusterResource:
    """One instance of a resource as Pacemaker believes it to be; a promotable clone has one per node."""

    name: str
    agent: str
    role: str
    failed: bool
    managed: bool
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PacemakerReading:
    running: bool
    quorum: bool | None = None
    members: tuple[Member, ...] = ()
    resources: tuple[ClusterResource, ...] = ()
    fail_counts: tuple[tuple[str, str, int], ...] = ()  # node, resource, count


@dataclass(slots=True)
class Walk:
    """What the parser has seen so far; `path` are the open elements."""

    path: list[str] = field(default_factory=list)
    status: str = "0"
    quorum: bool | None = None
    members: list[Member] = field(default_factory=list)
    resources: list[ClusterResource] = field(default_factory=list)
    fail_counts: list[tuple[str, str, int]] = field(default_factory=list)
    history_of: str = ""

    def start(self, tag: str, attributes: Attributes) -> None:
        parent = self.path[-1] if self.path else ""
        if not self.path and tag not in ROOTS:
            raise refuse("not an answer of crm_mon", tag)
        self.path.append(tag)
        match parent, tag:
            case _, "status":
                self.status = attributes.get("code", "0")
            case "summary", "current_dc":
                self.quorum = _yes(attributes, "with_quorum") if "with_quorum" in attributes else None
            case "nodes", "node":
                self.members.append(_member(attributes))
            case _, "resource" if "resources" in self.path[1:2]:
                self.resources.append(_resource(attributes))
            case "resource", "node" if self.resources:
                last = self.resources[-1]
                self.resources[-1] = replace(last, nodes=(*last.nodes, _name(attributes, "name")))
            case "node_history", "node":
                self.history_of = _name(attributes, "name")
            case "node", "resource_history" if "fail-count" in attributes:
                count = attributes["fail-count"]
                read = INFINITY if count == "INFINITY" else number(count, f"fail-count={count}")
                self.fail_counts.append((self.history_of, _name(attributes, "id"), read))

    def end(self, _tag: str) -> None:
        self.path.pop()


def parse(text: str) -> PacemakerReading:
    """Read the XML as it streams by. Declarations are refused, so no entity is ever expanded."""
    walk = Walk()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_declaration
    parser.EntityDeclHandler = _refuse_declaration
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, UnicodeError) as error:
        raise refuse(f"crm_mon printed no XML ({error})", text[:60]) from None
    if walk.status != "0":
        return PacemakerReading(running=False)
    return PacemakerReading(True, walk.quorum, tuple(walk.members), tuple(walk.resources), tuple(walk.fail_counts))


def _refuse_declaration(*_: object) -> None:
    raise refuse("crm_mon's XML declares a type or an entity, which it never does")


def _member(attributes: Attributes) -> Member:
    yes = [_yes(attributes, key) for key in ("online", "standby", "maintenance", "unclean")]
    return Member(_name(attributes, "name"), *yes)


def _resource(attributes: Attributes) -> ClusterResource:
    role = ROLES.get(attributes.get("role", ""), attributes.get("role", ""))
    if role not in KNOWN_ROLES:
        raise refuse("unknown role of a cluster resource", f"{attributes.get('id', '')} {role}")
    return ClusterResource(
        name=_name(attributes, "id"),
        agent=attributes.get("resource_agent", ""),
        role=role,
        failed=_yes(attributes, "failed"),
        managed=_yes(attributes, "managed"),
    )


def _name(attributes: Attributes, key: str) -> str:
    if not attributes.get(key):
        raise refuse(f"an element without {key}")
    return attributes[key]


def _yes(attributes: Attributes, key: str) -> bool:
    value = attributes.get(key, "false")
    if value not in ("true", "false"):
        raise refuse(f"{key} is neither true nor false", value)
    return value == "true"
