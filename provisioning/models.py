"""Jobs, their steps, questions to nodes that are not in service yet, and sealed secrets."""

from __future__ import annotations

from django.db import models
from django.urls import reverse

from clusters.models import Cluster, Node
from clusters.states import LOCKING, Danger, JobStatus


class Job(models.Model):
    """One change, from first idea to last line: one row and one URL.

    `plan` is the stored Plan (`codec.py`), `approved` the digests of its steps when a person approved it.
    A job in a locking status holds its cluster's lock (partial unique constraint).
    """

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="jobs")
    action = models.CharField(max_length=40, help_text="key of ACTIONS")
    status = models.CharField(
        max_length=12, choices=[(s.value, s.value) for s in JobStatus], default=JobStatus.DRAFTING
    )
    title = models.CharField(max_length=200, blank=True, default="")
    intent = models.JSONField(help_text="versioned, see codec.py; never filtered on")
    plan = models.JSONField(null=True)
    danger = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Danger], default=Danger.NONE)
    fingerprint = models.CharField(max_length=64, blank=True, default="")
    approved = models.JSONField(default=list, help_text="step digests that were approved, in order")
    reason = models.CharField(max_length=400, blank=True, default="")
    idempotency_key = models.CharField(max_length=64, unique=True)
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    planned_at = models.DateTimeField(null=True, help_text="when the nodes were read for the plan")
    approved_by = models.CharField(max_length=150, blank=True, default="")
    approved_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    claim = models.PositiveIntegerField(default=0, help_text="only grows")
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="when the doorbell was last rung")
    cancel_requested = models.BooleanField(default=False)
    called_off_by = models.CharField(max_length=150, blank=True, default="")
    problem = models.TextField(
        blank=True, default="", help_text="why it failed, is stale or was interrupted: what, where, why"
    )
    hint = models.TextField(blank=True, default="", help_text="what to do now")
    dealt_with_by = models.CharField(max_length=150, blank=True, default="", help_text="who acknowledged a failure")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["status", "sent_at"], name="job_by_status")]
        constraints = [
            models.UniqueConstraint(
                fields=["cluster"], condition=models.Q(status__in=sorted(LOCKING)), name="one_locking_job_per_cluster"
            ),
        ]

    def __str__(self) -> str:
        return f"Job {self.pk}: {self.title or self.action}"

    def get_absolute_url(self) -> str:
        return reverse("job", args=[self.pk])


class JobStep(models.Model):
    """A step of the approved plan while and after it runs. `number` counts the plan's steps from 1, unchanged ones included."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        DONE = "done"
        UNCHANGED = "unchanged"
        FAILED = "failed"
        UNKNOWN = "unknown"  # began, end not seen
        SKIPPED = "skipped"

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveSmallIntegerField()
    node_name = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=10)
    digest = models.CharField(max_length=64)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.WAITING)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    note = models.TextField(blank=True, default="", help_text="what was seen last by a wait, why unchanged, why failed")

    class Meta:
        ordering = ["job_id", "number"]
        constraints = [models.UniqueConstraint(fields=["job", "number"], name="step_number_once_in_a_job")]

    def __str__(self) -> str:
        return f"{self.job_id}.{self.number} {self.title}"


class JobCommand(models.Model):
    """One command or file of a step as it ran. Output is text from a node: capped, never trusted."""

    step = models.ForeignKey(JobStep, on_delete=models.CASCADE, related_name="commands")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(
        max_length=6, choices=[("run", "run"), ("put", "put"), ("guard", "guard"), ("wait", "wait"), ("probe", "probe")]
    )
    command = models.TextField(help_text="as it would be typed, secrets masked; for put: the path")
    exit = models.IntegerField(null=True)
    output = models.TextField(blank=True, default="")
    truncated = models.BooleanField(default=False)
    seconds = models.FloatField(null=True)
    kept = models.CharField(
        max_length=300, blank=True, default="", help_text="put: where the previous content is kept on the node"
    )
    previous = models.TextField(null=True, help_text="put: the previous content, unless secret")  # noqa: DJ001 - None is "no file"

    class Meta:
        ordering = ["step_id", "position"]
        constraints = [models.UniqueConstraint(fields=["step", "position"], name="position_once_in_a_step")]

    def __str__(self) -> str:
        return self.command


class Inquiry(models.Model):
    """A question to nodes, answered by a worker: host key, install the panel's key, preflight, quotas, plans of a batch. Changes nothing
    but the key."""

    class Kind(models.TextChoices):
        HOST_KEY = "host-key"
        INSTALL_KEY = "install-key"
        PREFLIGHT = "preflight"
        QUOTAS = "quotas"
        PLANS = "plans"  # of every row of `batch` on this cluster; the answer is in RowPlan

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="inquiries")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, null=True, related_name="inquiries")
    batch = models.ForeignKey("Batch", on_delete=models.CASCADE, null=True, related_name="inquiries")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.QUEUED)
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField(auto_now_add=True)
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True, default="")
    hint = models.TextField(blank=True, default="")
    result = models.JSONField(
        null=True, help_text="preflight: {findings: […], nodes: {name: {facts…}}}, see preflight.py"
    )

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.kind} {self.node or self.cluster}"


class SealedSecret(models.Model):
    """A secret only the workers can open (PyNaCl sealed box to the workers' public key). `cluster`/`node` NULL: the panel's own."""

    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, null=True, related_name="secrets")
    node = models.ForeignKey(Node, on_delete=models.CASCADE, null=True, related_name="secrets")
    scope = models.CharField(max_length=40, help_text="panel, cluster:<id> or node:<id>")
    name = models.CharField(
        max_length=80, help_text="ssh-key, authkeys, drbd-shared-secret, fence-key-<node>, password"
    )
    box = models.BinaryField()
    public = models.TextField(blank=True, default="", help_text="the half that is not secret, e.g. an SSH public key")
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, help_text="deleted then, or on use")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "name"], name="secret_once_in_its_scope"),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.name}"


class PanelPart(models.Model):
    """When each part of the panel itself was last alive (web pages say "no worker" from this)."""

    part = models.CharField(max_length=20, primary_key=True, help_text="jobs, probes, beat")
    at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True, default="")

    def __str__(self) -> str:
        return self.part


class SimulatedPair(models.Model):
    """The machines of a simulated cluster (`simulator`), so that every worker sees the same ones."""

    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="simulation")
    state = models.JSONField()

    def __str__(self) -> str:
        return f"simulated {self.cluster}"


class Batch(models.Model):
    """What somebody sent as CSV, kept as it was typed: volumes or exports to be added, on one pair or many."""

    class Kind(models.TextChoices):
        VOLUMES = "volumes"
        EXPORTS = "exports"

    kind = models.CharField(max_length=8, choices=Kind.choices)
    text = models.TextField(help_text="as it was sent")
    created_by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Batch {self.pk}: {self.kind}"

    def get_absolute_url(self) -> str:
        return reverse("batch", args=[self.pk])

    @property
    def action(self) -> str:
        """Give the key of ACTIONS that a row becomes a job of."""
        return "volume.create" if self.kind == self.Kind.VOLUMES else "export.publish"


class RowPlan(models.Model):
    """What one row of a batch would run if it were the only one, planned before anybody approves it."""

    inquiry = models.ForeignKey(Inquiry, on_delete=models.CASCADE, related_name="plans")
    number = models.PositiveIntegerField(help_text="line in the text")
    intent = models.CharField(max_length=64, help_text="digest of what the row asked for when it was planned")
    steps = models.PositiveIntegerField(help_text="that would run")
    danger = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Danger], default=Danger.NONE)
    findings = models.JSONField(help_text="blockers and warnings, see codec.py")
    view = models.JSONField(help_text="pages.plan_page.PlanView without the files' whole texts, see codec.py")

    class Meta:
        ordering = ["inquiry_id", "number"]
        constraints = [models.UniqueConstraint(fields=["inquiry", "number"], name="one_plan_of_a_line")]

    def __str__(self) -> str:
        return f"line {self.number}: {self.steps} steps"


class BatchRow(models.Model):
    """One row that was approved, or left out with its reason: it becomes one job, after the row before it on the same pair."""

    class Status(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"  # it has a job
        DONE = "done"
        FAILED = "failed"
        NOT_RUN = "not run"  # it could not be a job, or its plan was not let run: nothing of it ever ran
        LEFT = "left"  # a row before it on this pair failed half way, or somebody stopped the batch

    batch = models.ForeignKey(Batch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField(help_text="line in the text")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="+")
    values = models.JSONField(help_text="column → text, as it was sent")
    intent = models.JSONField(null=True, help_text="versioned, see codec.py; NULL: it could not be one")
    status = models.CharField(max_length=8, choices=Status.choices, default=Status.WAITING)
    problem = models.TextField(blank=True, default="")
    shown = models.JSONField(
        default=list, help_text="warnings that stood at the row when it was approved, see planned.stood"
    )
    job = models.ForeignKey(Job, on_delete=models.SET_NULL, null=True, related_name="+")
    approved_by = models.CharField(max_length=150)
    approved_at = models.DateTimeField(auto_now_add=True)
    stopped_by = models.CharField(
        max_length=150,
        blank=True,
        default="",
        help_text="of a row that has a job: it ends if it runs already, and runs no more else",
    )

    class Meta:
        ordering = ["batch_id", "number"]
        indexes = [models.Index(fields=["status", "cluster"], name="batch_row_by_status")]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="line_once_in_a_batch")]

    def __str__(self) -> str:
        return f"{self.batch_id}.{self.number} {self.status}"
