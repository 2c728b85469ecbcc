"""The rules of one policy version, compiled: what they say of a request in some microseconds."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from registry.conditions import compile_condition, context_of
from registry.errors import ConditionFailed, ConditionInvalid
from registry.words import Exclusion, Policy
from routing.rules.facts import LocalTime, request_facts
from routing.rules.masks import Arms, Mask, mask_of, moves
from routing.rules.ruling import NOTHING, Ruling
from routing.rules.splitting import draw

if TYPE_CHECKING:
    from collections.abc import Callable

    from registry.conditions import Condition, Kind
    from registry.words import Rule, Snapshot, TaskRequest
    from routing.constraints import World
    from routing.estimating import Needs

logger = logging.getLogger(__name__)

LIKED = 1.2  # what the utility of those that a policy prefers by name is multiplied with
MOST_SHADOWS = 3  # beside one request
_MOST_RULINGS = 256
_FAILS_CLOSED = frozenset({"require", "forbid"})
_DRAW = frozenset({"split", "shadow"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A rule with its conditions. A condition that is there and not understood is None, and ``broken`` names it."""

    number: int
    rule: Rule
    when: Condition | None
    over: Condition | None
    key: Condition | None
    broken: frozenset[str]


class CompiledRules:
    """The rules of a policy. Belongs to one event loop.

    Conditions over the request run once a request. Those over services are masks: worked out anew for another
    snapshot, and at most each second where they look at health or the clock. What a set of rules that apply comes to
    is worked out once for each set that occurs.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._clock = LocalTime(policy.zone)
        self._parts = [_compiled(number, rule) for number, rule in enumerate(policy.rules, 1)]
        conditions = [one for part in self._parts for one in (part.when, part.key) if one is not None]
        self._names = sorted({name for condition in conditions for name in condition.names})
        self._moves = any(part.over is not None and moves(part.over) for part in self._parts)
        self._snapshot: Snapshot | None = None
        self._second = 0
        self._masks: dict[int, Mask] = {}
        self._arms: dict[int, Arms] = {}
        self._rulings: dict[tuple[int, int, bool], Ruling] = {}

    def ruling(
        self, request: TaskRequest, needs: Needs, snapshot: Snapshot, world: World, chance: Callable[[], float]
    ) -> Ruling:
        """What the rules say of a request. ``chance`` gives numbers in 0..1, 1 left out; only draws ask for them."""
        if not self._parts and not self._policy.prefer:
            return NOTHING
        self._look(snapshot, world)
        context = self._context(request, needs, world)
        applies, doubted = self._asked(context)
        is_wished = request.objective is not None or request.target is not None
        key = (applies, doubted, is_wished)
        ruling = self._rulings.get(key)
        if ruling is None:
            if len(self._rulings) >= _MOST_RULINGS:
                self._rulings.pop(next(iter(self._rulings)))
            ruling = self._rulings[key] = self._combined(snapshot, applies, doubted, is_wished=is_wished)
        return self._drawn(ruling, applies, context, chance)

    def _look(self, snapshot: Snapshot, world: World) -> None:
        """Work masks out anew where what they were made of has changed."""
        second = int(world.now.timestamp()) if self._moves else 0
        if snapshot is self._snapshot and second == self._second:
            return
        is_new = snapshot is not self._snapshot
        for part in self._parts:
            if part.rule.split is not None and is_new:
                self._arms[part.number] = Arms.of(part.rule.split.shares, snapshot.offerings)
            elif part.rule.condition and (is_new or (part.over is not None and moves(part.over))):
                self._masks[part.number] = mask_of(part.over, snapshot, world, self._clock)
        self._snapshot, self._second = snapshot, second
        self._rulings.clear()

    def _context(self, request: TaskRequest, needs: Needs, world: World) -> Any:
        """The request's facts for all conditions."""
        facts = request_facts(self._names, request, needs, self._policy.priority, world, self._clock)
        return context_of(facts)

    def _asked(self, context: Any) -> tuple[int, int]:
        """The rules that apply, and those of which that cannot be told, as bits by their numbers."""
        applies = doubted = 0
        for part in self._parts:
            bit = 1 << (part.number - 1)
            if part.when is None:
                doubted |= bit if "when" in part.broken else 0
                applies |= 0 if "when" in part.broken else bit
                continue
            try:
                applies |= bit if part.when.holds(context) else 0
            except ConditionFailed as failed:
                logger.debug("rule %s of policy %s: %s", part.rule.name, self._policy.name, failed)
                doubted |= bit
        return applies, doubted

    def _combined(self, snapshot: Snapshot, applies: int, doubted: int, *, is_wished: bool) -> Ruling:
        """What all rules but those that draw say, where these apply and those may."""
        excluded, excluded_by = self._exclusions(snapshot, applies, doubted)
        factors = self._likings(snapshot)
        objective, applied, failed = None, [], []
        for part in self._parts:
            rule, bit = part.rule, 1 << (part.number - 1)
            mask, effect = self._masks.get(part.number, Mask()), rule.effect
            if doubted & bit or (mask.failed and applies & bit):
                failed.append(rule.name)
            # Who says with the request what matters is heard before a rule that weighs.
            if effect in _DRAW or not _holds(part, applies, doubted) or (effect == "weight" and is_wished):
                continue
            applied.append(part)
            objective = rule.weight or objective
            if effect == "prefer":
                factors |= {one: factors.get(one, 1.0) * rule.factor for one in mask.met}
        return Ruling(
            excluded=excluded,
            excluded_by=excluded_by,
            factors=factors,
            objective=objective,
            applied=tuple(part.rule.name for part in applied),
            numbers=tuple(part.number for part in applied),
            failed=tuple(failed),
        )

    def _exclusions(
        self, snapshot: Snapshot, applies: int, doubted: int
    ) -> tuple[dict[int, tuple[Exclusion, str]], dict[int, int]]:
        """Whom rules shut out, and by the number of which; the first that does is the reason that is kept."""
        excluded: dict[int, tuple[Exclusion, str]] = {}
        excluded_by: dict[int, int] = {}
        for part in self._parts:
            if part.rule.effect not in _FAILS_CLOSED or not _holds(part, applies, doubted):
                continue
            is_doubted = bool(doubted >> (part.number - 1) & 1)
            told = {failed: (Exclusion.RULE, part.rule.told(failed=failed)) for failed in (False, True)}
            for offering_id, is_failed in _shut_out(part.rule.effect, self._masks[part.number], snapshot).items():
                if offering_id not in excluded:
                    failed = is_failed or is_doubted
                    excluded[offering_id] = told[failed]
                    excluded_by[offering_id] = -part.number if failed else part.number
        return excluded, excluded_by

    def _likings(self, snapshot: Snapshot) -> dict[int, float]:
        """The factors of those that the policy prefers by name."""
        prefer = self._policy.prefer
        return {
            offering.offering_id: LIKED
            for offering in snapshot.offerings
            if any(offering.answers_to(name) for name in prefer)
        }

    def _drawn(self, ruling: Ruling, applies: int, context: Any, chance: Callable[[], float]) -> Ruling:
        """The ruling, with what splits and shadows draw for this request."""
        chosen: dict[int, float] = {}
        shadows: list[int] = []
        split_by: _Part | None = None
        drawn: list[_Part] = []
        failed = []
        for part in self._parts:
            if not applies >> (part.number - 1) & 1:
                continue
            if part.rule.split is not None:
                try:
                    arm = self._arm(part, ruling, context, chance)
                except ConditionFailed:
                    failed.append(part.rule.name)
                else:
                    chosen, split_by = arm or chosen, part if arm else split_by
            elif part.rule.shadow and (part.rule.share >= 1 or chance() < part.rule.share):
                met = sorted(self._masks[part.number].met - ruling.excluded.keys() - set(shadows))
                shadows += met
                drawn += [part] if met else []
        if split_by is not None:
            drawn.append(split_by)
        if not drawn and not failed:
            return ruling
        numbers = sorted({*ruling.numbers, *(part.number for part in drawn)})
        return replace(
            ruling,
            chosen=chosen,
            shadows=tuple(shadows[:MOST_SHADOWS]),
            numbers=tuple(numbers),
            applied=tuple(self._policy.rules[number - 1].name for number in numbers),
            failed=(*ruling.failed, *failed),
        )

    def _arm(self, part: _Part, ruling: Ruling, context: Any, chance: Callable[[], float]) -> dict[int, float]:
        """The offerings that a split draws, each with the share of the draw; none where nobody is there to be drawn.

        Raises:
            ConditionFailed: its key cannot be told.
        """
        split = part.rule.split
        assert split is not None  # noqa: S101 - the caller looks
        key = None
        if split.by:
            key = None if part.key is None else part.key.value(context)
            if not isinstance(key, str):
                raise ConditionFailed("its key is no text")
        arms = {
            name: tuple(one for one in self._arms[part.number].offerings[name] if one not in ruling.excluded)
            for name in split.shares
        }
        alive = {name: share for name, share in split.shares.items() if arms[name] and share > 0}
        name = draw(alive, key, split.seed or part.rule.name, chance)
        if name is None:
            return {}
        return dict.fromkeys(arms[name], alive[name] / sum(alive.values()))


class RuleBook:
    """Compiled rules by policy version. Policies whose rules are the same share what was compiled."""

    def __init__(self, *, most_kept: int = 64) -> None:
        self._most_kept = most_kept
        self._compiled: dict[str, CompiledRules] = {}
        self._known: dict[int, tuple[Policy, CompiledRules]] = {}
        self._none = CompiledRules(Policy(name=""))

    def of(self, policy: Policy) -> CompiledRules:
        """The rules of this policy."""
        if not policy.rules and not policy.prefer:
            return self._none
        known = self._known.get(policy.policy_id)
        if known is not None and known[0] is policy:
            return known[1]
        content = repr((policy.rules, policy.prefer, policy.zone, policy.priority))
        rules = self._compiled.get(content)
        if rules is None:
            if len(self._compiled) >= self._most_kept:
                self._compiled.pop(next(iter(self._compiled)))
            rules = self._compiled[content] = CompiledRules(policy)
        if len(self._known) >= self._most_kept:
            self._known.clear()
        self._known[policy.policy_id] = (policy, rules)
        return rules


def _holds(part: _Part, applies: int, doubted: int) -> bool:
    """Whether a rule takes effect: where it applies, and where that cannot be told if it shuts out."""
    bits = applies | doubted if part.rule.effect in _FAILS_CLOSED else applies
    return bool(bits >> (part.number - 1) & 1)


def _compiled(number: int, rule: Rule) -> _Part:
    broken = set()

    def understood(where: str, source: str, kind: Kind) -> Condition | None:
        try:
            return compile_condition(source, kind) if source else None
        except ConditionInvalid as error:  # another Turnout took it: what it forbids stays forbidden
            logger.warning("rule %s cannot be understood: %s", rule.name, error)
            broken.add(where)
            return None

    when = understood("when", rule.when, "request")
    over = understood("over", rule.condition, "service")
    key = understood("key", rule.split.by, "key") if rule.split is not None else None
    return _Part(number=number, rule=rule, when=when, over=over, key=key, broken=frozenset(broken))


def _shut_out(effect: str, mask: Mask, snapshot: Snapshot) -> dict[int, bool]:
    """The offerings that a rule shuts out, each with whether that is because nothing can be told of it."""
    out = dict.fromkeys(mask.failed, True)
    if effect == "forbid":
        return out | dict.fromkeys(mask.met, False)
    lacking = {one.offering_id for one in snapshot.offerings} - mask.met - mask.failed
    return out | dict.fromkeys(lacking, False)
