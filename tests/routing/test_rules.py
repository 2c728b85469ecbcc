"""Rules: what they shut out, prefer, weigh, split and shadow; and that what cannot be evaluated fails closed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from registry.errors import StatementFailed
from registry.words import (
    Candidate,
    Capability,
    Decision,
    Exclusion,
    FailureClass,
    Objective,
    Policy,
    Price,
    Rule,
    Service,
    Split,
    Target,
)
from routing.errors import NoCandidate
from routing.estimating import estimate_needs
from routing.rules import NOTHING, CompiledRules, RuleBook

EU = Service(service_id=1, name="eu-host", kind="fake", enabled=True, region="eu-central")
US = Service(service_id=2, name="us-host", kind="fake", enabled=True, region="us-east")
UNKNOWN = Service(service_id=3, name="somewhere", kind="fake", enabled=True)


@pytest.fixture
def three(offering, snapshot):
    """An offering in Europe, one in America, one nobody knows where; numbered 1, 2, 3."""
    return snapshot(
        offering("a", service=EU, context_window=8_000),
        offering("b-preview", service=US, price=None),
        offering("c", service=UNKNOWN, quality=0.9),
    )


@pytest.fixture
def ruling(three, world, text_request):
    """What rules say of a request, with chance that is seeded."""
    chance = random.Random(1)

    def rule(*rules, at=world, over=three, policy=None, **facts):
        compiled = CompiledRules(policy or Policy(name="p", rules=rules))
        request = text_request(**facts)
        return compiled.ruling(request, estimate_needs(request), over, at, chance.random)

    return rule


def test_a_policy_without_rules_says_nothing(ruling):
    assert ruling() is NOTHING


def test_what_is_required_shuts_out_whoever_lacks_it_where_the_request_asks_for_it(ruling):
    rule = Rule(name="eu-data-stays", when='request.metadata.data == "personal"',
                require='service.region.startsWith("eu")')  # fmt: skip
    said = ruling(rule, metadata={"data": "personal"})
    told = 'rule eu-data-stays requires service.region.startsWith("eu")'
    assert said.excluded == {2: (Exclusion.RULE, told), 3: (Exclusion.RULE, told)}
    assert said.excluded_by == {2: 1, 3: 1}
    assert (said.applied, said.numbers) == (("eu-data-stays",), (1,))
    for metadata in ({"data": "public"}, {}):
        assert ruling(rule, metadata=metadata).excluded == {}


def test_what_is_forbidden_at_night_is_forbidden_by_the_clock_of_the_policys_zone(ruling, world):
    rule = Rule(name="night", when="time.hour < 6", forbid='offering.model.name.endsWith("-preview")')
    policy = Policy(name="p", zone="Asia/Tokyo", rules=(rule,))
    in_tokyo = replace(world, now=datetime(2026, 11, 22, 20, 30, tzinfo=UTC))  # half past five there
    assert set(ruling(policy=policy, at=in_tokyo).excluded) == {2}
    assert ruling(rule, at=in_tokyo).excluded == {}
    assert set(ruling(rule, at=world).excluded) == {2}


def test_daylight_saving_moves_the_clock_of_rules(ruling, world):
    rule = Rule(name="two", when="time.hour == 2", forbid="true")
    policy = Policy(name="p", zone="Europe/Berlin", rules=(rule,))
    # On 2026-10-25 the hour from two to three comes twice, on 2026-03-29 not at all.
    hours = {
        moment: bool(ruling(policy=policy, at=replace(world, now=moment)).excluded)
        for day in (datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC))
        for moment in (day + timedelta(hours=hour) for hour in range(5))
    }
    assert [moment for moment, is_two in hours.items() if is_two] == [
        datetime(2026, 10, 25, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC),
    ]  # fmt: skip


def test_what_is_preferred_gets_its_factor_and_factors_multiply(ruling):
    said = ruling(
        policy=Policy(
            name="p",
            prefer=("eu-host",),
            rules=(
                Rule(name="one", prefer='service.name == "eu-host"', factor=2),
                Rule(name="two", when='request.stage == "draft"', prefer="offering.quality > 0.8", factor=1.5),
                Rule(name="no", when='request.stage == "other"', prefer="true", factor=9),
            ),
        ),
        stage="draft",
    )
    assert said.factors == {1: pytest.approx(2.4), 3: 1.5}
    assert said.applied == ("one", "two")


def test_the_last_rule_that_weighs_holds_and_a_requests_own_wish_before_it(ruling):
    cheap, quick = Objective(quality=0, cost=1, speed=0), Objective(quality=0, cost=0, speed=1)
    rules = (Rule(name="cheap", weight=cheap), Rule(name="quick", when='request.stage == "draft"', weight=quick))
    assert ruling(*rules).objective == cheap
    drafted = ruling(*rules, stage="draft")
    assert (drafted.objective, drafted.numbers) == (quick, (1, 2))
    assert Policy(name="p", rules=rules).weighing(drafted.numbers) == quick
    for wish in ({"objective": Objective()}, {"target": Target(goal="cost")}):
        said = ruling(*rules, stage="draft", **wish)
        assert (said.objective, said.applied) == (None, ())


def test_a_condition_over_the_request_that_cannot_be_told_shuts_out_as_if_it_held(ruling):
    said = ruling(
        Rule(name="level", when="int(request.metadata.level) > 3", forbid='service.name == "us-host"'),
        Rule(name="like", when="int(request.metadata.level) > 3", prefer="true"),
        Rule(name="weigh", when="int(request.metadata.level) > 3", weight=Objective(quality=0)),
        metadata={"level": "high"},
    )
    assert set(said.excluded) == {2}
    assert said.excluded_by == {2: -1}
    assert "could not be evaluated" in said.excluded[2][1]
    assert (said.factors, said.objective, said.failed) == ({}, None, ("level", "like", "weigh"))


def test_a_condition_over_services_that_cannot_be_told_of_one_shuts_that_one_out(ruling):
    for rule in (
        Rule(name="dear", forbid="offering.input_usd_per_mtok > 5.0"),
        Rule(name="dear", require="offering.input_usd_per_mtok <= 5.0"),
    ):
        said = ruling(rule)
        assert set(said.excluded) == {2}  # its price is not known
        assert said.excluded_by == {2: -1}
        assert said.failed == ("dear",)
    said = ruling(Rule(name="large", require="offering.context_window > 4000"))
    assert said.excluded_by == {2: -1, 3: -1}


def test_a_rule_that_this_turnout_does_not_understand_fails_closed(ruling):
    said = ruling(Rule(name="newer", forbid='service.colour == "red"'))
    assert set(said.excluded) == {1, 2, 3}
    said = ruling(Rule(name="newer", when='request.colour == "red"', forbid='service.name == "us-host"'))
    assert set(said.excluded) == {2}
    said = ruling(Rule(name="newer", prefer='service.colour == "red"'))
    assert (said.excluded, said.factors, said.failed) == ({}, {}, ("newer",))


def test_the_first_rule_that_shuts_out_is_the_reason(ruling):
    said = ruling(Rule(name="one", forbid='service.name == "us-host"'), Rule(name="two", forbid="true"))
    assert said.excluded_by == {1: 2, 2: 1, 3: 2}


def test_a_policy_that_excludes_everything_says_what_excluded_each(ruling, text_request, three):
    said = ruling(
        Rule(name="eu-data-stays", require='service.region.startsWith("eu")'),
        Rule(name="no-small-windows", forbid="offering.context_window < 10000"),
    )
    disabled = tuple(
        Candidate(offering_id=number, offering=f"s{number}/m", excluded=Exclusion.DISABLED, reason=f"off {number}")
        for number in range(10, 20)
    )
    candidates = disabled + tuple(
        Candidate(offering_id=one.offering_id, offering=one.name, excluded=exclusion, reason=reason)
        for one in three.offerings
        for exclusion, reason in [said.excluded[one.offering_id]]
    )
    decision = Decision(task_id=1, capability=Capability.TEXT, policy="p", policy_version=1, policy_id=1,
                        snapshot_id=1, snapshot_version=1, candidates=candidates)  # fmt: skip
    assert str(NoCandidate(text_request(), decision)) == (
        "no service can do `text` now: "
        "eu-host: rule no-small-windows forbids offering.context_window < 10000; "
        'us-host, somewhere: rule eu-data-stays requires service.region.startsWith("eu"); '
        "s10: off 10; s11: off 11; s12: off 12; s13: off 13; and 6 more"
    )


def test_what_looks_at_health_is_looked_at_again_a_second_later_and_not_before(three, world, text_request):
    rules = CompiledRules(Policy(name="p", rules=(Rule(name="cool", forbid="health.cooling"),)))
    request = text_request()
    needs = estimate_needs(request)

    def excluded(seconds):
        at = replace(world, now=world.now + timedelta(seconds=seconds))
        return set(rules.ruling(request, needs, three, at, random.Random(1).random).excluded)

    assert excluded(0) == set()
    world.health.failed(three.offerings[0], FailureClass.RATE_LIMITED, 60)
    assert excluded(0.5) == set()
    assert excluded(1) == {1}
    assert excluded(-3_600) == {1}  # a clock that is set back is another moment, too


def test_latency_is_a_fact_and_an_error_rate_that_is_not_counted_fails_closed(ruling, world, three):
    world.health.succeeded(three.offerings[2], 9_000)
    assert set(ruling(Rule(name="slow", forbid="health.latency_ms > 5000.0")).excluded) == {3}

    class Counting(type(world.health)):
        def error_rate(self, offering):
            return 0.5 if offering.offering_id == 2 else 0.0

    rule = Rule(name="bad", forbid="health.error_rate > 0.1")
    assert set(ruling(rule, at=replace(world, health=Counting(lambda: 0.0))).excluded) == {2}
    if not hasattr(world.health, "error_rate"):
        assert ruling(rule).failed == ("bad",)


def test_another_snapshot_is_looked_at_anew(three, world, text_request, offering, snapshot):
    rules = CompiledRules(Policy(name="p", rules=(Rule(name="us", forbid='service.region == "us-east"'),)))
    request = text_request()
    asked = [
        set(rules.ruling(request, estimate_needs(request), one, world, random.Random(1).random).excluded)
        for one in (three, snapshot(offering("d", service=US), offering("e", service=EU)), snapshot())
    ]
    assert asked == [{2}, {4}, set()]


def test_what_a_budget_has_left_is_a_fact_of_the_request(ruling, world):
    rule = Rule(
        name="poor", when="budget.left_share < 0.1 || budget.left_usd < 1.0", forbid='service.name == "us-host"'
    )
    assert ruling(rule).excluded == {}  # without a budget there is no end of it
    for left, is_poor in (
        ((5_000_000_000, 0.5), False),
        ((5_000_000_000, 0.05), True),
        ((1, 0.5), True),
        (None, False),
    ):
        assert bool(ruling(rule, at=replace(world, budget_left=lambda _, left=left: left)).excluded) == is_poor

    def unreachable(_):
        raise StatementFailed("turnout.db")

    said = ruling(rule, at=replace(world, budget_left=unreachable))
    assert (said.excluded_by, said.failed) == ({2: -1}, ("poor",))


CANARY = Rule(name="canary", split=Split(by="request.principal", seed="1", shares={"us-host": 0.95, "eu-host": 0.05}))


def test_a_split_is_sticky_by_its_key_and_deals_out_its_shares(ruling):
    drawn = {f"user-{number}": ruling(CANARY, principal=f"user-{number}") for number in range(4_000)}
    again = {principal: ruling(CANARY, principal=principal) for principal in drawn}
    assert {principal: said.chosen for principal, said in drawn.items()} == {
        principal: said.chosen for principal, said in again.items()
    }
    counts = Counter(next(iter(said.chosen)) for said in drawn.values())
    assert counts[1] / 4_000 == pytest.approx(0.05, abs=0.015)
    assert {tuple(said.chosen.items()) for said in drawn.values()} == {((1, 0.05),), ((2, 0.95),)}
    assert {said.applied for said in drawn.values()} == {("canary",)}
    assert all(said.excluded == {} for said in drawn.values())


def test_a_share_that_grows_moves_nobody_else(ruling):
    half = replace(CANARY, split=Split(by="request.principal", seed="1", shares={"us-host": 0.5, "eu-host": 0.5}))
    people = [f"user-{number}" for number in range(500)]
    before = {one for one in people if 1 in ruling(CANARY, principal=one).chosen}
    after = {one for one in people if 1 in ruling(half, principal=one).chosen}
    assert before
    assert before < after
    reseeded = replace(CANARY, split=replace(CANARY.split, seed="2"))
    assert {one for one in people if 1 in ruling(reseeded, principal=one).chosen} != before


def test_a_split_without_a_key_goes_by_chance(ruling):
    rule = Rule(name="coin", split=Split(shares={"us-host": 0.25, "eu-host": 0.75}))
    counts = Counter(next(iter(ruling(rule).chosen)) for _ in range(4_000))
    assert counts[2] / 4_000 == pytest.approx(0.25, abs=0.03)


def test_whoever_is_shut_out_is_not_drawn_and_the_shares_of_the_others_grow(ruling):
    out = Rule(name="out", forbid='service.name == "us-host"')
    assert {tuple(ruling(out, CANARY, principal=f"u{n}").chosen.items()) for n in range(50)} == {((1, 1.0),)}
    said = ruling(Rule(name="all", forbid="true"), CANARY)
    assert (said.chosen, said.applied) == ({}, ("all",))
    strangers = Rule(name="gone", split=Split(shares={"nobody": 1.0}))
    assert ruling(strangers).chosen == {}


def test_all_offerings_of_a_drawn_service_come_first(ruling, offering, snapshot):
    both = snapshot(offering("a", service=EU), offering("b", service=EU), offering("c", service=US))
    said = ruling(Rule(name="eu", split=Split(shares={"eu-host": 1.0})), over=both)
    assert said.chosen == {one.offering_id: 1.0 for one in both.offerings[:2]}


def test_a_split_whose_key_cannot_be_told_draws_nobody_and_says_so(ruling):
    rule = Rule(name="odd", split=Split(by="string(1 / size(request.item))", shares={"eu-host": 1.0}))
    said = ruling(rule, item="")
    assert (said.chosen, said.applied, said.failed) == ({}, (), ("odd",))
    assert ruling(rule, item="x").chosen == {1: 1.0}


def test_a_shadow_is_named_for_its_share_of_requests_and_never_where_it_is_shut_out(ruling):
    often = Rule(name="try", shadow='service.name == "us-host"', share=0.2)
    said = [ruling(often) for _ in range(2_000)]
    shadowed = [one for one in said if one.shadows]
    assert {one.shadows for one in shadowed} == {(2,)}
    assert len(shadowed) / 2_000 == pytest.approx(0.2, abs=0.03)
    assert {one.applied for one in shadowed} == {("try",)}
    assert {one.applied for one in said if not one.shadows} == {()}
    assert ruling(Rule(name="try", shadow="true")).shadows == (1, 2, 3)
    assert ruling(Rule(name="no", forbid='service.name == "us-host"'), Rule(name="try", shadow="true")).shadows == (
        1,
        3,
    )


def test_no_condition_over_services_runs_again_for_a_request_like_another(three, world, text_request):
    """Masks are what makes rules cheap: the second of two requests finds the ruling that the first one made."""
    rules = CompiledRules(Policy(name="p", rules=(Rule(name="us", forbid='service.region == "us-east"'),)))
    first, second = text_request("one"), text_request("two", stage="other")
    chance = random.Random(1).random
    said = rules.ruling(first, estimate_needs(first), three, world, chance)
    assert rules.ruling(second, estimate_needs(second), three, world, chance) is said


def test_every_fact_of_a_request_and_of_an_offering_can_be_had(ruling, world):
    from registry.condition_facts import FACTS, MAPS, REQUEST_FACTS

    for name, fact in FACTS.items():
        whole = f"{name}.any" if name in MAPS else name
        source = f"size({whole}) >= 0" if isinstance(fact.example, (str, list)) else f"{whole} == {whole}"
        rule = Rule(name="a", when=source, prefer="true") if name in REQUEST_FACTS else Rule(name="a", prefer=source)
        said = ruling(rule, metadata={"any": "x"}, hints={"any": "y"})
        if name == "health.error_rate" and not hasattr(world.health, "error_rate"):
            continue
        assert 1 in said.factors, name


def test_policies_with_the_same_rules_share_what_was_compiled():
    book = RuleBook(most_kept=2)
    rules = (Rule(name="a", forbid="true"),)
    one = book.of(Policy(name="p", policy_id=1, rules=rules))
    assert book.of(Policy(name="p+request", policy_id=2, objective=Objective(cost=9), rules=rules)) is one
    assert book.of(Policy(name="p", policy_id=3, rules=rules, zone="Asia/Tokyo")) is not one
    assert book.of(Policy(name="q", policy_id=4)) is book.of(Policy(name="r", policy_id=5))
    for number in range(10, 20):
        book.of(Policy(name="s", policy_id=number, prefer=(str(number),)))
    assert book.of(Policy(name="p", policy_id=1, rules=rules)) is not one


def test_offerings_of_unknown_price_can_be_preferred_by_what_is_known(ruling, offering, snapshot):
    cheap = Price(input_nanousd_per_mtok=1_000_000_000, output_nanousd_per_mtok=2_000_000_000)
    over = snapshot(offering("a", service=EU, price=cheap), offering("b", service=US, price=None))
    said = ruling(Rule(name="cheap", prefer="offering.output_usd_per_mtok <= 2.0"), over=over)
    assert (set(said.factors), said.failed) == ({over.offerings[0].offering_id}, ("cheap",))
