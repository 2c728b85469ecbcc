"""A policy as JSON: what stands in its column, and what a file may say. Everything in it is checked here."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from registry.conditions import compile_condition
from registry.errors import ConditionInvalid, PolicyInvalid
from registry.validation import fault_in_words
from registry.words import Hedge, Objective, Policy, Requirements, Rule, Split, Target, parse_objective, parse_target
from registry.words.policy import Goal, Priority, Streaming

if TYPE_CHECKING:
    from registry.conditions import Kind

MOST_NAMES = 200  # in a list or a map
LONGEST_NAME = 150
MOST_OPTIONS_CHARACTERS = 10_000

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Name], Field(max_length=MOST_NAMES)]


def _objective(given: Any) -> Any:
    return asdict(parse_objective(given)) if isinstance(given, (str, dict)) else given


def _target(given: Any) -> Any:
    return asdict(parse_target(given)) if isinstance(given, str) else given


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        raise ValueError(f"there is no time zone {name!r}; write for example Europe/Berlin") from None
    return name


def _options(given: dict[str, Any]) -> dict[str, Any]:
    if len(str(given)) > MOST_OPTIONS_CHARACTERS:
        raise ValueError(f"the options are longer than {MOST_OPTIONS_CHARACTERS:,} characters")
    return given


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class _ObjectiveJson(_Strict):
    quality: float
    cost: float
    speed: float


class _TargetJson(_Strict):
    goal: Goal
    min_quality: float | None = None
    max_cost_nanousd: int | None = None
    max_latency_ms: float | None = None


class _RequirementsJson(_Strict):
    features: Names = Field(default_factory=list)
    regions: Names = Field(default_factory=list)


class _HedgeJson(_Strict):
    calls_share: float = Hedge().calls_share
    cost_share: float = Hedge().cost_share


class _SplitJson(_Strict):
    shares: dict[Name, float] = Field(max_length=MOST_NAMES)
    by: str = ""
    seed: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _adds_up(self) -> _SplitJson:
        self.split()
        return self

    def split(self) -> Split:
        return Split(shares=self.shares, by=self.by, seed=self.seed)


Weights = Annotated[_ObjectiveJson, BeforeValidator(_objective)]


class RuleJson(_Strict):
    """A rule as a file and the database have it."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_. -]{0,79}$")
    when: str = ""
    require: str = ""
    forbid: str = ""
    prefer: str = ""
    factor: float = 1.2
    weight: Weights | None = None
    split: _SplitJson | None = None
    shadow: str = ""
    share: float = 1.0

    def rule(self) -> Rule:
        """The rule in our words.

        Raises:
            ValueError: it makes no sense.
        """
        given = self.model_dump(exclude={"weight", "split"})
        weight = None if self.weight is None else Objective(**self.weight.model_dump())
        split = None if self.split is None else self.split.split()
        return Rule(**given, weight=weight, split=split)


class PolicyJson(_Strict):
    """A policy as it stands in its JSON column; what older versions did not have is as it was without it."""

    objective: Weights
    target: Annotated[_TargetJson, BeforeValidator(_target)] | None = None
    strategy: str = Field(default="objective", pattern=r"^[a-z][a-z0-9_]{0,49}$")
    options: Annotated[dict[str, Any], AfterValidator(_options)] = Field(default_factory=dict)
    requirements: _RequirementsJson = Field(default_factory=_RequirementsJson)
    prefer: Names = Field(default_factory=list)
    hedge: _HedgeJson = Field(default_factory=_HedgeJson)
    priority: Priority = "normal"
    streaming: Streaming = "first_token"
    affinity: bool = False
    cache_seconds: float = Field(default=0.0, ge=0)
    deadline_seconds: float = Field(gt=0)
    budget_nanousd: int | None = Field(default=None, ge=0)
    on_refusal: Literal["next", "end"] = "next"
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    rules: list[RuleJson] = Field(default_factory=list, max_length=1_000)

    def policy(self, name: str, version: int = 1, policy_id: int = 0) -> Policy:
        """The policy in our words. Its conditions are not looked at: see :func:`check_conditions`.

        Raises:
            ValueError: it makes no sense.
            PolicyInvalid: a rule of it makes none.
        """
        nested = {"objective", "target", "requirements", "prefer", "hedge", "rules"}
        return Policy(
            **self.model_dump(exclude=nested),
            name=name,
            version=version,
            policy_id=policy_id,
            objective=Objective(**self.objective.model_dump()),
            target=None if self.target is None else Target(**self.target.model_dump()),
            requirements=Requirements(
                features=frozenset(self.requirements.features), regions=frozenset(self.requirements.regions)
            ),
            prefer=tuple(self.prefer),
            hedge=Hedge(**self.hedge.model_dump()),
            rules=tuple(self._rules(name)),
        )

    def _rules(self, name: str) -> list[Rule]:
        rules = []
        for place, rule in enumerate(self.rules):
            try:
                rules.append(rule.rule())
            except ValueError as error:
                raise PolicyInvalid(name, ("rules", place), str(error)) from error
        return rules


def policy_to_json(policy: Policy) -> dict[str, Any]:
    """What the JSON column holds of a policy.

    Raises:
        PolicyInvalid: it holds what cannot be taken.
    """
    content = asdict(policy)
    for name in ("name", "version", "policy_id"):
        del content[name]
    content["requirements"] = {
        "features": sorted(policy.requirements.features), "regions": sorted(policy.requirements.regions),
    }  # fmt: skip
    return parsed_policy(policy.name, content).model_dump(mode="json")


def parsed_policy(name: str, content: dict[str, Any]) -> PolicyJson:
    """JSON (or YAML that was read) as a policy's.

    Raises:
        PolicyInvalid: it is not of that shape.
    """
    try:
        return PolicyJson.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise PolicyInvalid(name, tuple(first["loc"]), _in_words(first)) from None


def check_name(name: str) -> None:
    """That a policy may bear the name.

    Raises:
        PolicyInvalid: it is empty, too long, or one of those that requests make for themselves.
    """
    if not name or len(name) > LONGEST_NAME or "+" in name or not name.isprintable():
        raise PolicyInvalid(name[:LONGEST_NAME], (), f"a name has 1 to {LONGEST_NAME} characters, and no + among them")


def check_conditions(policy: Policy) -> None:
    """That every condition of every rule can be understood.

    Raises:
        PolicyInvalid: one cannot.
    """
    for place, rule in enumerate(policy.rules):
        conditions: list[tuple[tuple[str, ...], str, Kind]] = [(("when",), rule.when, "request")]
        conditions.append(((rule.effect,), rule.condition, "service"))
        if rule.split is not None:
            conditions.append((("split", "by"), rule.split.by, "key"))
        for path, source, kind in conditions:
            try:
                if source:
                    compile_condition(source, kind)
            except ConditionInvalid as error:
                problem = f"rule {rule.name}: {error.problem}"
                raise PolicyInvalid(policy.name, ("rules", place, *path), problem, line=error.line) from error


def _in_words(error: Any) -> str:
    """What pydantic has against a value, in words for people."""
    if error["type"] == "extra_forbidden":
        import difflib

        known = [*PolicyJson.model_fields, *RuleJson.model_fields]
        near = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        return f"there is no such entry{f'; did you mean {near[0]!r}?' if near else ''}"
    if error["type"] == "string_pattern_mismatch":
        return f"{error['input']!r:.80} is no name: letters, digits, dots, dashes and spaces, beginning with a letter"
    if error["type"] == "missing":
        return "is missing"
    return fault_in_words(error)
