"""Rules of any kind together, on any request: the ruling is the same again, and contradicts itself nowhere."""

from __future__ import annotations

import random
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from registry.words import (
    Capability,
    Exclusion,
    Message,
    Model,
    Objective,
    Offering,
    Policy,
    Price,
    Rule,
    Service,
    Snapshot,
    Split,
    TaskRequest,
)
from routing.constraints import World
from routing.estimating import estimate_needs
from routing.health import Health
from routing.rules import CompiledRules

EU = Service(service_id=1, name="eu-host", kind="fake", enabled=True, region="eu-central")
US = Service(service_id=2, name="us-host", kind="fake", enabled=True, region="us-east")
UNKNOWN = Service(service_id=3, name="somewhere", kind="fake", enabled=True)

POOL = (
    Rule(name="eu", when='request.metadata.data == "personal"', require='service.region.startsWith("eu")'),
    Rule(name="dear", forbid="offering.input_usd_per_mtok > 1.0"),
    Rule(name="level", when="int(request.metadata.level) > 3", forbid='service.name == "us-host"'),
    Rule(name="all", when='request.stage == "never"', forbid="true"),
    Rule(name="like", prefer="offering.quality >= 0.5", factor=3),
    Rule(name="weigh", when='request.stage != ""', weight=Objective(cost=2)),
    Rule(name="canary", split=Split(by="request.principal", shares={"us-host": 0.95, "eu-host": 0.05})),
    Rule(name="coin", when="time.hour < 12", split=Split(shares={"model-c": 0.5, "eu-host": 0.5})),
    Rule(name="try", shadow='service.name != "eu-host"', share=0.5),
    Rule(name="newer", when='request.colour == "red"', require='service.name == "eu-host"'),
)


@given(
    st.lists(st.sampled_from(POOL), unique_by=lambda rule: rule.name),
    st.fixed_dictionaries({}, optional={"data": st.sampled_from(["personal", "x"]), "level": st.text(max_size=3)}),
    st.text(max_size=5),
    st.integers(0, 2**32),
)
def test_whatever_the_rules_a_ruling_contradicts_itself_nowhere(rules, metadata, stage, seed):
    offerings = tuple(
        Offering(
            offering_id=service.service_id, service=service, model=Model(model_id=1, name=f"model-{name}"),
            remote_name="m", capabilities=frozenset({Capability.TEXT}),
            price=Price(input_nanousd_per_mtok=service.service_id * 10**9) if service is not UNKNOWN else None,
        )
        for name, service in (("a", EU), ("b", US), ("c", UNKNOWN))
    )  # fmt: skip
    over = Snapshot(snapshot_id=1, version=1, digest="", offerings=offerings)
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x"),), metadata=metadata, stage=stage)
    world = World(now=datetime(2026, 11, 22, 8, tzinfo=UTC), health=Health(lambda: 0.0))
    policy = Policy(name="p", rules=tuple(rules))
    needs = estimate_needs(request)
    said = CompiledRules(policy).ruling(request, needs, over, world, random.Random(seed).random)
    assert said == CompiledRules(policy).ruling(request, needs, over, world, random.Random(seed).random)
    assert said.excluded.keys() == said.excluded_by.keys()
    assert said.excluded.keys().isdisjoint(said.chosen)
    assert said.excluded.keys().isdisjoint(said.shadows)
    assert said.applied == tuple(policy.rules[number - 1].name for number in said.numbers)
    assert list(said.numbers) == sorted(set(said.numbers))
    assert set(said.chosen.values()) <= {0.05, 0.95, 0.5, 1.0}
    for offering_id, number in said.excluded_by.items():
        rule = policy.rules[abs(number) - 1]
        assert said.excluded[offering_id] == (Exclusion.RULE, rule.told(failed=number < 0))
    if "newer" in {rule.name for rule in rules}:
        assert said.excluded.keys() >= {2, 3}
