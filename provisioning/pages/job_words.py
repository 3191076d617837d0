"""A job's status in words: what it means and what somebody can do about it."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from clusters.states import JobStatus
from provisioning.actions import ACTIONS
from provisioning.models import Job


@dataclass(frozen=True, slots=True)
class Word:
    state: str  # shape and colour
    word: str
    chip: str  # css of the chip
    sentence: str


WORDS = {
    JobStatus.DRAFTING: Word("work", "being planned", "work", "The worker reads both nodes now and works out the steps. Nothing is changed."),
    JobStatus.PROPOSED: Word("idle", "proposed", "", "The plan is ready. Nothing has been changed; it waits for somebody to approve it."),
    JobStatus.QUEUED: Word("work", "queued", "work", "Approved. A worker takes it soon, reads both nodes again and begins if nothing differs."),
    JobStatus.RUNNING: Word("work", "running", "work", "You can leave this page: it goes on without it."),
    JobStatus.INTERRUPTED: Word(
        "danger", "interrupted", "danger",
        "It stopped between two steps because what is left is no longer exactly what was approved. The cluster stays locked until somebody decides.",
    ),
    JobStatus.SUCCEEDED: Word("ok", "succeeded", "", "Every step was done and checked."),
    JobStatus.FAILED: Word("danger", "failed", "danger", "It stopped at the first step that did not work. Nothing after it was run."),
    JobStatus.CANCELLED: Word("idle", "called off", "", "Somebody called it off. What was done before stays as it is."),
    JobStatus.EXPIRED: Word("idle", "expired", "", "The plan got too old to be approved. Nothing was changed; plan again to read the nodes anew."),
    JobStatus.STALE: Word(
        "warn", "overtaken", "",
        "When the nodes were read again, other steps would have been needed than those that were approved. Nothing was run.",
    ),
}  # fmt: skip


BY_JOB = re.compile(r"\bjob (\d+)", re.IGNORECASE)  # the door names the job that came first; age names none
IN_PANEL = Word("ok", "succeeded", "", "Done in the panel itself: nothing was run on a node.")


def word(job: Job) -> Word:
    if job.status == JobStatus.FAILED and job.planned_at is None and not job.dealt_with_by:
        return Word(
            "danger",
            "not planned",
            "danger",
            "The nodes could not be read or the plan could not be made. Nothing was changed.",
        )
    if job.status == JobStatus.SUCCEEDED and ACTIONS[job.action].in_panel:
        return IN_PANEL
    if job.status == JobStatus.EXPIRED and (other := BY_JOB.search(job.problem)):
        return Word("idle", f"overtaken by job {other[1]}", "", "It was not run: another job came first.")
    found = WORDS[JobStatus(job.status)]
    if job.dealt_with_by and job.status == JobStatus.FAILED:
        return Word("idle", "failed, dealt with", "", f"{job.dealt_with_by} has dealt with it.")
    if job.called_off_by and job.status == JobStatus.CANCELLED:
        return replace(found, sentence=found.sentence.replace("Somebody", job.called_off_by, 1))
    return found
