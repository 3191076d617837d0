"""The plan of a quota: how much space and how many files a user or a group may have on a volume, or the grace time of it. Pure.

1. The quota tools, where a node lacks them. 2. Limits switched on, when the volume is mounted without: ext4 takes that in place, and an entry
in the service group keeps them on after a failover; XFS takes it at a fresh mount only, for which NFS is stopped for seconds. 3. The limits
themselves. 4. Read them back.
They are kept in the file system itself, so they move with the volume; no file of a node knows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from clusters import rules
from clusters.findings import Finding, blocker, blockers, warning
from clusters.states import Danger
from provisioning.checks.placed import undescribed
from provisioning.desired import DesiredCluster, DesiredVolume
from provisioning.ha.base import Backend, active_node
from provisioning.intents import EditQuota
from provisioning.observed import NodeObserved, QuotaUse
from provisioning.plans.parts import pausing, serving, snapshots, words
from provisioning.plans.parts.felt import felt
from provisioning.render.heartbeat import mount_options
from provisioning.steps import Expect, Guard, Impact, Kind, Plan, Stage, Step, Wait, cmd, unchanged

APT = ("--yes", "--option", "DPkg::Lock::Timeout=300", "--no-install-recommends")
OPTIONS = {"ext4": ("usrquota", "grpquota"), "xfs": ("uquota", "gquota")}
SHOWN = ("usrquota", "grpquota")  # how the kernel lists both
DATABASES = {"user": "passwd", "group": "group"}
DAY = 86_400
XFS_BLOCK = 4  # KiB
LARGEST = 2**50  # KiB and files: far beyond what either file system holds


def plan(intent: EditQuota, desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend) -> Plan:
    volume = desired.volume(intent.volume)
    intent = _in_blocks(intent, volume)
    active, findings = _ready(desired, observed, backend, volume)
    findings = [*_refused(intent), *findings]
    steps: tuple[Step, ...] = ()
    if volume is None:
        findings.append(
            blocker("volume.unknown", f"There is no volume {intent.volume}.", hint="Draft the change again.")
        )
    elif active and len(observed) == 2 and not snapshots.ill_formed(findings):
        findings += [
            *_nobody_of_that_name(intent, observed[active]),
            *_reasons(observed[active], volume),
            *_without_tools(observed),
        ]
        if volume.fstype == "xfs" and not on(observed[active], volume):
            findings += [*pausing.keeps_state(desired, volume), *pausing.below(observed[active], volume)]
        steps = tuple(_steps(intent, desired, observed, active, volume, backend))
    fresh = any(step.runs and pausing.NFS in step.commands[0].argv for step in steps if step.commands)
    runs = any(step.runs for step in steps)
    return Plan(
        title=f"Quota of {_whom(intent)} on {intent.volume}",
        summary=f"{_what(intent)} {_price(intent, fresh=fresh)}",
        now=words.now(desired, observed) + _now(intent, observed[active] if active else None),
        after=f"{_what(intent)} The limits are kept in the file system of {intent.volume}: they hold after a failover too.",
        steps=steps,
        findings=tuple(findings),
        danger=Danger.INTERRUPTS if fresh else Danger.NONE,
        button=f"Set the quota on {intent.volume}" if runs or blockers(findings) else "Nothing to do",
        impact=_impact(desired, observed, fresh=fresh),
    )


def _in_blocks(intent: EditQuota, volume: DesiredVolume | None) -> EditQuota:
    """XFS keeps limits of space in whole blocks and rounds up: so what is shown, set and read back is rounded before."""
    if volume is None or volume.fstype != "xfs":
        return intent
    soft, hard = (-(-limit // XFS_BLOCK) * XFS_BLOCK for limit in (intent.soft, intent.hard))
    return replace(intent, soft=soft, hard=hard)


def _ready(
    desired: DesiredCluster, observed: Mapping[str, NodeObserved], backend: Backend, volume: DesiredVolume | None
) -> tuple[str | None, list[Finding]]:
    """XFS may need a fresh mount: where an earlier try left the server stopped for it, this one brings it back."""
    if volume is not None and volume.fstype == "xfs":
        return pausing.holder(desired, observed), pausing.ready(desired, observed, backend, volume)
    return active_node(desired, observed), [
        *snapshots.ready(desired, observed, backend),
        *undescribed(desired, observed),  # ext4 has its limits in the service group
    ]


def with_quotas(volume: DesiredVolume) -> DesiredVolume:
    """Give the volume as it is mounted with quotas on. XFS has them in every mount the panel makes."""
    have = mount_options(volume)
    missing = tuple(option for option in OPTIONS[volume.fstype] if option not in have)
    return replace(volume, mount_options=(*volume.mount_options, *missing)) if volume.fstype != "xfs" else volume


def _refused(intent: EditQuota) -> Iterator[Finding]:
    limits = (intent.soft, intent.hard, intent.files_soft, intent.files_hard)
    asked: list[Callable[[], object]] = [
        partial(rules.volume_name, intent.volume),
        partial(rules.one_of, intent.kind, "Whom a quota is for", ("user", "group")),
        *(partial(rules.whole, limit, "A limit", 0, LARGEST) for limit in limits),
        partial(rules.whole, intent.grace, "The grace time in seconds", 0, 365 * DAY),
    ]
    if intent.who or not intent.grace:
        asked.append(partial(rules.quota_holder, intent.who))
    for ask in asked:
        try:
            ask()
        except rules.RuleError as error:
            yield blocker("spelling.refused", error.message, hint="Change the form.")
    for soft, hard in (limits[:2], limits[2:]):
        if hard and soft > hard:
            text = "A soft limit is above its hard limit."
            yield blocker("spelling.refused", text, hint="Make the soft one smaller, or 0.")


def _whom(intent: EditQuota) -> str:
    return f"{intent.kind} {intent.who}" if intent.who else f"all {intent.kind}s"


def _what(intent: EditQuota) -> str:
    if intent.grace:
        return f"{_whom(intent).capitalize()} may stay above a soft limit for {words.counted(round(intent.grace / DAY), 'day')}."
    space = _limits(intent.soft * 1024, intent.hard * 1024, words.size)
    files = _limits(intent.files_soft, intent.files_hard, str)
    return f"{_whom(intent).capitalize()}: space {space}, files {files}."


def _limits(soft: int, hard: int, say: Callable[[int], str]) -> str:
    if not (soft or hard):
        return "without limit"
    parts = [f"{say(soft)} soft" if soft else "", f"{say(hard)} at most" if hard else ""]
    return " and ".join(part for part in parts if part)


def _price(intent: EditQuota, *, fresh: bool) -> str:
    if not fresh:
        return "Nobody is interrupted."
    return f"{intent.volume} is mounted without limits: NFS is stopped for the seconds of a fresh mount, so every client waits."


def _now(intent: EditQuota, node: NodeObserved | None) -> str:
    use = _use(intent, node)
    if use is None:
        return ""
    limits = _limits(use.soft, use.hard, words.size), _limits(use.files_soft, use.files_hard, str)
    return f" {_whom(intent).capitalize()} uses {words.size(use.used)} in {use.files} files; space {limits[0]}, files {limits[1]}."


def _use(intent: EditQuota, node: NodeObserved | None) -> QuotaUse | None:
    uses = node.quotas if node else None
    return next((use for use in uses or () if (use.kind, use.who) == (intent.kind, intent.who)), None)


def _impact(desired: DesiredCluster, observed: Mapping[str, NodeObserved], *, fresh: bool) -> Impact:
    over = "Who has more than the hard limit already keeps it and cannot write more. A client learns of it when it writes: “Disk quota exceeded”."
    if not fresh:
        return Impact(pause="none", takes="some seconds", notes=(over,))
    pause = f"some seconds, and up to {desired.nfs.grace_time} s of grace for files that are open"
    return felt(desired, observed, pause=pause, takes="about 20 s", notes=(pausing.STANDS_STILL, over))


def on(node: NodeObserved, volume: DesiredVolume) -> bool:
    """Whether the kernel holds both kinds of limits there."""
    mount = node.mount(volume.mount_point)
    return mount is not None and all(option in mount.options for option in SHOWN)


def _reasons(node: NodeObserved, volume: DesiredVolume) -> Iterator[Finding]:
    if node.mount(volume.mount_point) is not None and not on(node, volume):
        text = f"{volume.name} is mounted without limits."
        hint = (
            "This job mounts it anew with them." if volume.fstype == "xfs" else "This job switches them on, in place."
        )
        yield warning("quota.off", text, hint=hint, node=node.node)


def _without_tools(observed: Mapping[str, NodeObserved]) -> Iterator[Finding]:
    for name in sorted(name for name, node in observed.items() if node.quota_tools is False):
        text = f"The quota tools are not installed on {name}."
        yield warning("quota.tools-missing", text, hint="This job installs them, on both nodes.", node=name)


def _steps(
    intent: EditQuota,
    desired: DesiredCluster,
    observed: Mapping[str, NodeObserved],
    active: str,
    volume: DesiredVolume,
    backend: Backend,
) -> Iterator[Step]:
    guards = _known(intent)  # before the first change, too: not after it
    for name in (desired.peer(active).name, active):
        if observed[name].quota_tools is False:
            yield replace(_install(name), guards=guards if name == active else ())
    node, wanted = observed[active], with_quotas(volume)
    after = replace(desired, volumes=tuple(wanted if one.name == wanted.name else one for one in desired.volumes))
    known = on(node, volume)
    if volume.fstype == "ext4":
        for step in _switched_on(node, volume, guards):
            yield unchanged(step, "they are on") if known else step
        for name in (desired.peer(active).name, active):
            group = serving.group(after, observed[name], backend)
            yield replace(group, title="Keep them on after a failover")
    elif pausing.out_already(node, volume):
        yield from pausing.serve_again(desired, node, volume)
    elif not known or not node.nfsd_threads:
        stop, unmount = pausing.leave(desired, node, volume)
        yield from (replace(stop, guards=(*guards, *stop.guards)), unmount)
        yield from pausing.come_back(desired, node, volume)
    yield from _set(intent, node, volume, known=known)


def accounts(intent: EditQuota) -> tuple[tuple[str, str], ...]:
    """Give where a name is looked up; a number needs nobody to know it."""
    return ((DATABASES[intent.kind], intent.who),) if intent.who and not intent.who.isdigit() else ()


def _nobody_of_that_name(intent: EditQuota, node: NodeObserved) -> Iterator[Finding]:
    found = (node.account(*ask) for ask in accounts(intent))
    if any(one and one.number is None for one in found):
        yield blocker(
            "quota.holder-unknown", f"{node.node} knows no {intent.kind} {intent.who}.", node=node.node,
            hint="Look how it is spelled there, or give the number: what is counted are the numbers that own files.",
            fix=f"getent {DATABASES[intent.kind]}",
        )  # fmt: skip


def _known(intent: EditQuota) -> tuple[Guard, ...]:
    return tuple(
        Guard(f"the {intent.kind} {intent.who} is known", cmd("getent", *ask), Expect()) for ask in accounts(intent)
    )


def _switched_on(node: NodeObserved, volume: DesiredVolume, guards: tuple[Guard, ...]) -> Iterator[Step]:
    """ext4 counts since it was made; that it holds the limits as well is said to it while it is mounted, and nobody feels it.

    Seen on a real node: with the options alone, by a remount, everybody could write on; quotaon makes it hold at once. It ends with 2,
    "File exists", where they hold already; what it prints as the state is "on" even while they only count, so that proves nothing.
    """
    point = volume.mount_point
    yield Step(
        node=node.node,
        title=f"Switch the limits of {volume.name} on",
        kind=Kind.WRITES,
        stage=Stage.MANAGER,
        guards=guards,
        commands=(
            cmd("quotaon", "--user", "--group", point, exits=(0, 2)),
            cmd("mount", "--options", f"remount,{','.join(SHOWN)}", point, timeout=120),
        ),
        note="In place. The second makes the kernel's table say so, as after the next start.",
    )
    yield Step(
        node=node.node,
        title="See them on",
        kind=Kind.WAITS,
        stage=Stage.MANAGER,
        wait=Wait(
            f"{point} is mounted with quotas",
            cmd("findmnt", "--noheadings", "--output", "OPTIONS", "--mountpoint", point),
            Expect(contains=SHOWN),
            bound=10,
        ),
    )


def _install(name: str) -> Step:
    return Step(
        node=name,
        title="Install the quota tools",
        kind=Kind.WRITES,
        stage=Stage.PACKAGES,
        commands=(
            cmd("apt-get", *APT, "install", "quota", timeout=1800, DEBIAN_FRONTEND="noninteractive"),
        ),
        note="Its services do nothing here: they act on /etc/fstab, which names none of these volumes.",
    )  # fmt: skip


def _set(intent: EditQuota, node: NodeObserved, volume: DesiredVolume, *, known: bool) -> Iterator[Step]:
    point, kind = volume.mount_point, f"--{intent.kind}"
    if not intent.who:
        yield Step(
            node=node.node,
            title=f"Set the grace time of the {intent.kind}s' limits",
            kind=Kind.WRITES,
            stage=Stage.SERVE,
            commands=(cmd("setquota", "--edit-period", kind, str(intent.grace), str(intent.grace), point),),
        )
        yield _see_grace(intent, node, point)
        return
    limits = tuple(str(limit) for limit in (intent.soft, intent.hard, intent.files_soft, intent.files_hard))
    name = intent.who
    put = Step(
        node=node.node,
        title=f"Set the limits of {intent.kind} {name}",
        kind=Kind.WRITES,
        stage=Stage.SERVE,
        guards=_known(intent),
        commands=(cmd("setquota", kind, name, *limits, point),),
        note="Space in KiB, then files; soft and hard each, 0 for none. Run twice it does no harm.",
    )
    see = Step(
        node=node.node,
        title="See the limits",
        kind=Kind.WAITS,
        stage=Stage.SERVE,
        wait=Wait(
            f"{intent.kind} {name} has these limits",
            cmd("quota", kind, "--verbose", "--no-wrap", "--raw-grace", "--filesystem", point, name, exits=(0, 1)),
            Expect(exits=(0, 1), matches=_shown(intent)),
            bound=10,
        ),
    )
    use = _use(intent, node)
    has = use and (use.soft // 1024, use.hard // 1024, use.files_soft, use.files_hard)
    same = known and has == (intent.soft, intent.hard, intent.files_soft, intent.files_hard)
    for step in (put, see):
        yield unchanged(step, "they are so") if same else step


def _shown(intent: EditQuota) -> str:
    """quota prints usage, soft, hard and grace of space, then the same of files: each limit is looked for in its own column."""
    columns = ((intent.soft, intent.hard), (intent.files_soft, intent.files_hard))
    return r" /\S+" + "".join(rf" [0-9]+\*? {soft} {hard}(?: [0-9]+)?" for soft, hard in columns) + " $"


def _see_grace(intent: EditQuota, node: NodeObserved, point: str) -> Step:
    """The report names it in its head, in days or, below two of them, in hours."""
    days = intent.grace // DAY
    told = f"{days}days" if days > 1 else f"{intent.grace // 3600:02}:{intent.grace % 3600 // 60:02}"
    return Step(
        node=node.node,
        title="See the grace time",
        kind=Kind.WAITS,
        stage=Stage.SERVE,
        wait=Wait(
            f"{intent.kind}s may stay above a soft limit for {words.counted(round(intent.grace / DAY), 'day')}",
            cmd("repquota", f"--{intent.kind}", point),
            Expect(contains=(f"Block grace time: {told}; Inode grace time: {told}",)),
            bound=10,
        ),
    )
