"""Which budgets and limits touch a piece of work at an offering, and which account of theirs it falls into."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from registry.accounts import Account
from registry.budgets import EACH
from registry.spending import Spender

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from registry.budgets import Budget
    from registry.limits import Limit
    from registry.words import Offering, TaskRequest


class Entry(NamedTuple):
    """An account, how people call it, its amount, and the period that it is for."""

    account: Account
    label: str
    amount: int
    per: str


class Definitions:
    """The budgets and limits of one moment, ready to be asked."""

    def __init__(self, budgets: Sequence[Budget] = (), limits: Sequence[Limit] = (), version: int = -1) -> None:
        self.version = version
        self._budgets = tuple(budgets)
        self._limits = tuple(limits)
        self.touch_all = (
            bool(limits)
            or any(
                budget.scope == "service" or (budget.name == EACH and budget.scope in {"key", "workspace"})
                for budget in budgets
                if budget.period != "total"
            )
            or any(budget.scope == "service" for budget in budgets)
        )
        self.need_pipeline = any(budget.scope == "pipeline" for budget in budgets)

    @property
    def is_empty(self) -> bool:
        """Whether there is neither a budget nor a limit."""
        return not (self._budgets or self._limits)

    def touch(self, request: TaskRequest, pipeline: str | None) -> bool:
        """Whether a budget touches the request wherever it goes; so it is where its pipeline is not known."""
        if self.need_pipeline and request.run_id and pipeline is None:
            return True
        return any(True for _ in self.of_request(request, None, pipeline or ""))

    def of_request(self, request: TaskRequest, offering: Offering | None, pipeline: str) -> Iterator[Entry]:
        """The accounts of the budgets that touch the request; those of services, too, where an offering is given."""
        run_id = request.run_id
        values = {
            "run": str(run_id) if run_id else "",
            "pipeline": pipeline,
            "key": f"{request.workspace}/{request.principal}",
            "workspace": request.workspace,
            "service": offering.service.name if offering is not None else "",
        }
        for budget in self._budgets:
            value = values[budget.scope]
            if value and budget.name in (EACH, value) and (run_id or budget.period != "total"):
                yield _of_budget(budget, value, run_id)

    def of_offering(self, offering: Offering) -> Iterator[Entry]:
        """The accounts of the limits that an offering has, its service's among them."""
        for limit in self._limits:
            if limit.service == offering.service.name and limit.model in ("", offering.model.name):
                if limit.requests is not None:
                    account = Account(kind="requests", owner_id=limit.limit_id, name=limit.label, period="minute")
                    yield Entry(account, limit.label, limit.requests, "minute")
                if limit.tokens is not None:
                    account = Account(kind="tokens", owner_id=limit.limit_id, name=limit.label, period="minute")
                    yield Entry(account, limit.label, limit.tokens, "minute")
                if limit.places is not None:
                    account = Account(kind="places", owner_id=limit.limit_id, name=limit.label, period="open")
                    yield Entry(account, limit.label, limit.places, "")


def _of_budget(budget: Budget, value: str, run_id: int) -> Entry:
    per_run = budget.period == "total"
    account = Account(
        kind="budget",
        owner_id=budget.budget_id,
        name=f"{value} in run {run_id}" if per_run and budget.scope != "run" else value,
        period=budget.period,
        zone=budget.zone,
        spender=Spender(scope=budget.scope, name=value, run_id=run_id if per_run or budget.scope == "run" else 0),
    )
    return Entry(account, f"{budget.scope}:{value}", budget.amount_nanousd, budget.per)
