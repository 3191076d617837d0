"""What a person must say before a plan runs: nothing, a reason, or a reason with the typed name and a fresh password."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone

from clusters.findings import blockers
from clusters.models import AuditEntry
from clusters.states import Danger
from provisioning.refusal import Refused, WrongPassword
from provisioning.steps import Plan

WRONG_PASSWORDS = 5
COOL_OFF = timedelta(minutes=15)
REASON_LIMIT = 400
NOTHING = "Nothing is changed, so there is nothing to approve."
CHANGE = "Change a field of the form, or call this off."


def check(request: HttpRequest, plan: Plan, *, reason: str, typed_name: str, password: str) -> None:
    """Refuse unless the plan may run and was asked for in the way its danger demands."""
    if stops := blockers(plan.findings):
        raise Refused(stops[0].text, stops[0].hint)
    if plan.idle:
        raise Refused(NOTHING, CHANGE)
    demand(request, plan.danger, plan.typed_name, reason=reason, typed_name=typed_name, password=password)


def demand(request: HttpRequest, danger: Danger, name: str, *, reason: str, typed_name: str, password: str) -> None:
    """Refuse unless it was asked for in the way the danger demands; `name` is what is to be typed."""
    if len(reason) > REASON_LIMIT:
        raise Refused(f"The reason is longer than {REASON_LIMIT} characters.", "Shorten it.", field="reason")
    if danger is not Danger.NONE and not reason.strip():
        raise Refused("This needs a reason.", "Say why, for those who read the audit log.", field="reason")
    if danger is Danger.DESTROYS:
        if not name or typed_name.strip() != name:
            raise Refused("The name that was typed is not the one asked for.", f"Type {name}.", field="typed_name")
        _fresh_password(request, password)


def _fresh_password(request: HttpRequest, password: str) -> None:
    """Compare with the account's password; after a few wrong ones nobody can go on guessing in this person's name."""
    if _wrong_lately(request) >= WRONG_PASSWORDS:
        minutes = int(COOL_OFF.total_seconds() // 60)
        raise Refused("Too many wrong passwords.", f"Wait {minutes} minutes and try again.", field="password")
    if not request.user.check_password(password):
        raise WrongPassword("That is not your password.", "Type the password you sign in with.", field="password")


def _wrong_lately(request: HttpRequest) -> int:
    """The audit log is the counter: it has every refusal, and cannot be reset by restarting a process."""
    return AuditEntry.objects.filter(
        action=WrongPassword.action,
        outcome=AuditEntry.Outcome.REFUSED,
        actor_id=request.user.pk,
        at__gte=timezone.now() - COOL_OFF,
    ).count()
