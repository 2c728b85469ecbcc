"""Great Expectations suites as values: what is expected of a batch of results. Free of Great Expectations itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import orjson
from pydantic import AliasPath, BaseModel, ConfigDict, Field, ValidationError

from quality.errors import SuiteRejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from quality.checks import Checks
    from quality.process import SuiteProcess
    from quality.subject import Subject
    from registry.words import Verdict

CHECK_EXPECTATION = "expect_column_values_to_pass_check"
NULL_EXPECTATION = "expect_column_values_to_not_be_null"
SUBJECT_COLUMN = "subject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One result in a batch. ``subject`` is None where the call left nothing."""

    result_id: str
    subject: Subject | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One expectation. ``check_id`` names its verdicts: Great Expectations keeps no order by which to tell them apart.

    ``kind`` is Great Expectations' name for it; ``parameters`` are what it takes. The columns there are: ``subject``,
    ``result_id``, ``text``, ``characters``, ``pictures``, ``capability``, ``stage``.
    """

    kind: str
    check_id: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    critical: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """A named list of expectations. Immutable; its JSON is Great Expectations' own, to be stored and versioned.

    >>> from quality import Checks, Suite
    >>> suite = Suite.of("shots", ("not_empty", "length:20:400"), Checks.standard())
    >>> Suite.from_json(suite.to_json()) == suite
    True
    """

    name: str
    expectations: tuple[Expectation, ...]

    @classmethod
    def of(cls, name: str, specs: Sequence[str], checks: Checks, more: Sequence[Expectation] = ()) -> Suite:
        """The suite of these checks and, where given, of ``more`` built-in expectations over the columns.

        Great Expectations skips nulls and lets them pass, so each column that is looked at is also expected to hold
        none; that expectation bears the ``check_id`` of the one that looks.

        Raises:
            UnknownCheck: there is no such check.
            MalformedCheck: its parameters make no sense.
        """
        listed: list[Expectation] = []
        for spec in dict.fromkeys(specs):
            critical = checks.named(spec).check.critical
            look = Expectation(
                kind=CHECK_EXPECTATION,
                check_id=spec,
                parameters={"column": SUBJECT_COLUMN, "check": spec},
                critical=critical,
            )
            listed += _with_null_guard(look)
        for expectation in more:
            listed += _with_null_guard(expectation)
        return cls(name=name, expectations=tuple(listed))

    def to_json(self) -> str:
        """The suite as Great Expectations' JSON."""
        described = {
            "name": self.name,
            "expectations": [
                {
                    "type": expectation.kind,
                    "kwargs": dict(expectation.parameters),
                    "meta": {"check_id": expectation.check_id},
                    "severity": "critical" if expectation.critical else "warning",
                }
                for expectation in self.expectations
            ],
        }
        return orjson.dumps(described, option=orjson.OPT_SORT_KEYS).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> Suite:
        """The suite that such JSON describes. An expectation without a ``check_id`` is called by its type.

        Raises:
            SuiteRejected: it is not JSON, or of another form.
        """
        try:
            described = _SuiteJson.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the top"
            raise SuiteRejected("(JSON)", f"{first['msg'].removeprefix('Value error, ')} at {place}") from error
        expectations = tuple(
            Expectation(
                kind=one.type,
                check_id=str(one.meta.get("check_id") or one.type),
                parameters=one.parameters,
                critical=one.severity == "critical",
            )
            for one in described.expectations
        )
        return cls(name=described.name, expectations=expectations)

    async def validate(self, rows: Sequence[Row], process: SuiteProcess) -> dict[str, tuple[Verdict, ...]]:
        """The verdicts on each row, by its ``result_id``; see :meth:`quality.process.SuiteProcess.validate`."""
        return await process.validate(self, rows)


def _with_null_guard(expectation: Expectation) -> list[Expectation]:
    column = expectation.parameters.get("column")
    if column is None or expectation.kind == NULL_EXPECTATION:
        return [expectation]
    guard = Expectation(
        kind=NULL_EXPECTATION,
        check_id=expectation.check_id,
        parameters={"column": column},
        critical=expectation.critical,
    )
    return [guard, expectation]


class _ExpectationJson(BaseModel):
    """An expectation as JSON holds it. Great Expectations adds ids and notes, which are of no use here."""

    model_config = ConfigDict(extra="ignore")

    type: str
    parameters: dict[str, Any] = Field(default_factory=dict, validation_alias=AliasPath("kwargs"))
    meta: dict[str, Any] = Field(default_factory=dict)
    severity: Literal["critical", "warning", "info"] = "warning"


class _SuiteJson(BaseModel):
    """A suite as JSON holds it."""

    model_config = ConfigDict(extra="ignore")

    name: str
    expectations: list[_ExpectationJson]
