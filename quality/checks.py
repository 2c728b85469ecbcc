"""Checks and the set of them that is known: names, stable numbers for the ledger, parameters in a small spec string."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from quality import standard
from quality.errors import CheckClash, MalformedCheck, UnknownCheck
from quality.schemas import SchemaCache
from quality.subject import Subject
from registry.words import JsonSchema, Verdict

_logger = logging.getLogger(__name__)

Probe = Callable[[Subject], str]
"""Looks at one result: why it fails, empty where it passes. Pure, and quick: it runs after every call."""

FIRST_OWN_NUMBER = 16
LAST_NUMBER = 31  # two bits a check fit a signed 64-bit integer 31 times
_PASSED, _FAILED = 1, 2
_SPECS_KEPT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A kind of check. ``prepare`` takes the parameters (as text) and gives the probe that looks.

    ``number`` is what the ledger knows it by: 1 to 15 are the house's, 16 to 31 are yours, and neither may ever change
    its meaning. ``usage`` shows how it is written in a request. To run in a Great Expectations suite, ``prepare`` must
    be a function at the top level of an importable module, since suites run in a process of their own.

    ``early`` says that what it finds wrong with the beginning of an answer is wrong with the whole answer too, whatever
    comes after it: a refusal, a word that must not occur. Guarded streams are looked at by critical checks of this kind
    while they come.
    """

    name: str
    number: int
    prepare: Callable[..., Probe]
    critical: bool = False
    usage: str = ""
    early: bool = False

    @classmethod
    def simple(cls, name: str, number: int, probe: Probe, *, critical: bool = False, early: bool = False) -> Check:
        """A check without parameters.

        >>> from quality import Check, Checks
        >>> def says_please(subject):
        ...     return "" if "please" in (subject.text or "") else "it does not say please"
        >>> checks = Checks.standard().adding(Check.simple("says_please", 16, says_please))
        >>> checks.names[-1]
        'says_please'
        """
        return cls(name=name, number=number, prepare=partial(_already, probe), critical=critical, early=early)

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or len(self.name) > 60:
            raise CheckClash(self.name, "a name is letters, digits and low lines, at most 60 of them")
        if not 1 <= self.number <= LAST_NUMBER:
            raise CheckClash(self.name, f"its number {self.number} is not within 1 and {LAST_NUMBER}")


def _already(probe: Probe) -> Probe:
    return probe


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedCheck:
    """A check with its parameters, ready to look: what a request's ``length:20:400`` means."""

    spec: str
    check: Check
    probe: Probe
    passed: Verdict

    def look(self, subject: Subject | None) -> Verdict:
        """The verdict on one result; None is a call that left nothing. Never raises.

        A check that breaks down has found nothing wrong with the result: its verdict is failed, but never critical.
        """
        critical = self.check.critical
        try:
            reason = "there is no result" if subject is None else self.probe(subject)
        except Exception as error:  # noqa: BLE001 - anybody's function runs here, and must not stop the work it judges
            _logger.warning("the check %s broke down: %s", self.spec, type(error).__name__)
            reason, critical = f"the check itself broke down ({type(error).__name__})", False
        if not reason:
            return self.passed
        return Verdict(check=self.spec, passed=False, critical=critical, reason=reason)


class Checks:
    """The checks that are known. Immutable: :meth:`adding` gives a new set.

    >>> checks = Checks.standard()
    >>> checks.named("length:20:400").check.number
    4
    """

    def __init__(self, checks: Iterable[Check], *, schemas: SchemaCache | None = None) -> None:
        self._checks: dict[str, Check] = {}
        self.schemas = schemas or SchemaCache()
        self._named: dict[str, NamedCheck] = {}
        self._units: dict[str, int] = {}
        self.compiled: dict[tuple[str, ...], Any] = {}  # judges by what they check; see quality/judging.py
        numbers: dict[int, str] = {}
        for check in checks:
            if check.name in self._checks:
                raise CheckClash(check.name, "the name is taken")
            if check.number in numbers:
                raise CheckClash(check.name, f"its number {check.number} belongs to {numbers[check.number]!r}")
            self._checks[check.name] = check
            numbers[check.number] = check.name

    @classmethod
    def standard(cls) -> Checks:
        """The checks that come with the house. Their numbers are in people's databases and do not move."""
        schemas = SchemaCache()
        kinds = (
            Check(name="not_empty", number=1, prepare=standard.not_empty, critical=True, usage="not_empty"),
            Check(
                name="not_refusal",
                number=2,
                prepare=standard.not_refusal,
                critical=True,
                usage="not_refusal",
                early=True,
            ),
            Check(
                name="matches_schema",
                number=3,
                prepare=standard.MatchesSchema(schemas),
                critical=True,
                usage="matches_schema",
            ),
            Check(name="length", number=4, prepare=standard.length, usage="length:MIN:MAX, as in length:20:400"),
            Check(
                name="distinct_items",
                number=5,
                prepare=standard.distinct_items,
                usage="distinct_items:PATH, as in distinct_items:scenes/*/shots",
            ),
            Check(name="is_picture", number=6, prepare=standard.is_picture, critical=True, usage="is_picture"),
        )
        return cls(kinds, schemas=schemas)

    def __reduce__(self) -> tuple[Callable[..., Checks], tuple[tuple[Check, ...], SchemaCache]]:
        return _rebuilt, (tuple(self._checks.values()), self.schemas)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in order of registration."""
        return tuple(self._checks)

    @property
    def all(self) -> tuple[Check, ...]:
        """The checks, in order of registration."""
        return tuple(self._checks.values())

    def adding(self, *checks: Check) -> Checks:
        """These checks and some more.

        Raises:
            CheckClash: a name or number is taken, or a number below 16, which are the house's.
        """
        for check in checks:
            if check.number < FIRST_OWN_NUMBER:
                raise CheckClash(check.name, f"numbers below {FIRST_OWN_NUMBER} are the house's")
        return Checks((*self._checks.values(), *checks), schemas=self.schemas)

    def named(self, spec: str) -> NamedCheck:
        """The check that a spec such as ``length:20:400`` names, with its parameters.

        Raises:
            UnknownCheck: no check has that name; it carries the nearest one.
            MalformedCheck: the parameters make no sense.
        """
        known = self._named.get(spec)
        if known is not None:
            return known
        name, *arguments = spec.split(":")
        check = self._checks.get(name.strip())
        if check is None:
            raise UnknownCheck(name, self.names)
        try:
            probe = check.prepare(*arguments)
        except (TypeError, ValueError) as error:
            problem = "there are too many or too few parameters" if isinstance(error, TypeError) else str(error)
            raise MalformedCheck(spec, check.usage or check.name, problem) from error
        passed = Verdict(check=spec, passed=True, critical=check.critical)
        if len(self._named) >= _SPECS_KEPT:
            self._named.clear()
        named = self._named[spec] = NamedCheck(spec=spec, check=check, probe=probe, passed=passed)
        return named

    def check_schema(self, schema: JsonSchema) -> None:
        """Compile a schema now, so that a bad one is the caller's fault and not a result's.

        Raises:
            MalformedSchema: it is not valid.
        """
        self.schemas.validator(schema)

    def pack_bits(self, verdicts: Iterable[Verdict]) -> int:
        """The verdicts as the ledger's number: two bits a check, at its number; 0 not run, 1 passed, 2 failed.

        Where a check ran twice with other parameters, failed wins. A verdict of something that is no check here
        (a built-in expectation, a judge) leaves no bits: its score row tells of it.
        """
        bits, units = 0, self._units
        for verdict in verdicts:
            unit = units.get(verdict.check)
            if unit is None:
                unit = self._unit_of(verdict.check)
            if not verdict.passed:
                bits = (bits & ~(0b11 * unit)) | (_FAILED * unit)
            elif not bits & 0b11 * unit:
                bits |= _PASSED * unit
        return bits

    def _unit_of(self, spec: str) -> int:
        """The bit at which the bits of a check begin; 0 for what is no check here. Looked up once a spec."""
        check = self._checks.get(spec.partition(":")[0])
        if len(self._units) >= _SPECS_KEPT:
            self._units.clear()
        unit = self._units[spec] = 0 if check is None else 1 << 2 * (check.number - 1)
        return unit

    def unpack_bits(self, bits: int) -> Mapping[str, bool]:
        """The checks that ran and whether each passed, from the ledger's number. Numbers unknown here are left out."""
        found = {check.name: bits >> 2 * (check.number - 1) & 0b11 for check in self._checks.values()}
        return {name: state == _PASSED for name, state in found.items() if state}


def _rebuilt(checks: tuple[Check, ...], schemas: SchemaCache) -> Checks:
    return Checks(checks, schemas=schemas)
