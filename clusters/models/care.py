"""What was done for the file systems of volumes: checks, repairs, trims, each a row that stays; and when trims come by themselves."""

from __future__ import annotations

from django.db import models

from clusters.models.cluster import Volume


class Care(models.Model):
    """One check, repair or trim that ran to its end, with what it found. Written by the job that did it."""

    class Kind(models.TextChoices):
        CHECK = "check"
        REPAIR = "repair"
        TRIM = "trim"

    class Verdict(models.TextChoices):
        """Of a check, and of the check after a repair; "" for a trim."""

        CLEAN = "clean"
        DAMAGED = "damaged"
        UNKNOWN = "unknown"

    volume = models.ForeignKey(Volume, on_delete=models.CASCADE, related_name="care")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    verdict = models.CharField(max_length=8, choices=Verdict.choices, blank=True, default="")
    at = models.DateTimeField()
    seconds = models.FloatField(null=True, help_text="what the check or trim itself took")
    freed = models.BigIntegerField(null=True, help_text="bytes a trim discarded")
    output = models.TextField(blank=True, default="", help_text="what the tool printed; text from a node, capped")
    by = models.CharField(max_length=150, blank=True, default="")
    job = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["volume", "-id"], name="care_of_a_volume")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.volume}: {self.verdict or self.freed}"


class TrimSchedule(models.Model):
    """When a volume is trimmed by itself: every day, or one day of the week, at one hour of the zone people live in."""

    volume = models.OneToOneField(Volume, on_delete=models.CASCADE, related_name="trim_schedule")
    enabled = models.BooleanField(default=True)
    weekday = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="1 Monday to 7 Sunday; empty: every day"
    )
    hour = models.PositiveSmallIntegerField(default=3)
    next_run = models.DateTimeField(null=True, blank=True)
    said = models.CharField(max_length=300, blank=True, default="", help_text="why the last run did nothing")
    said_at = models.DateTimeField(null=True, blank=True)
    set_by = models.CharField(max_length=150, blank=True, default="")
    set_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(weekday__isnull=True) | models.Q(weekday__gte=1, weekday__lte=7),
                name="trim_on_a_day_of_the_week",
            ),
            models.CheckConstraint(condition=models.Q(hour__lte=23), name="trim_at_an_hour_of_the_day"),
        ]

    def __str__(self) -> str:
        return f"trim of {self.volume}"
