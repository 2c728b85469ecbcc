"""The walk over a route: what each failure class leads to, under one deadline and one budget."""

import random

import pytest

from blocks import Cuts, Fails, Hangs, Says, Scripted
from registry.words import Capability, FailureClass, Message, Objective, Policy, Price, Service, TaskRequest, Verdict
from routing import NoCandidate, RouteExhausted, TaskEnded
from routing.attempting import Attempting
from routing.deciding import decide
from routing.dispatcher import Dispatcher

POLICY = Policy(name="quality", objective=Objective(quality=1, cost=0, speed=0), deadline_seconds=20)


class NoSecrets:
    """Credentials for services that need none, and a count of those read anew."""

    def __init__(self):
        self.forgotten = []

    async def resolve(self, reference):
        return f"secret of {reference}"

    def forget(self, reference):
        self.forgotten.append(reference)


def says_please(request, reply, data):
    """A check of the test's own: critical, and passed by answers with a full stop."""
    return (Verdict(check="full_stop", passed=reply.text.endswith("."), critical=True, reason="no full stop"),)


@pytest.fixture
def walk(clock, world, snapshot):
    """Routes a request over scripted services, best first; gives the result and what was recorded."""
    recorded = []
    secrets = NoSecrets()

    async def route(services, request=None, *, judge=lambda *_: (), policy=POLICY, timer=clock):
        scripts = {offering.service.service_id: script for offering, script in services}
        catalogue = snapshot(*(offering for offering, _ in services))
        asked = request or TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Hello"),))
        attempting = Attempting(
            connect=lambda service: scripts[service.service_id], credentials=secrets, judge=judge, clock=timer
        )
        dispatcher = Dispatcher(
            attempting=attempting, credentials=secrets, health=world.health, clock=timer, sleep=clock.sleep,
            chance=random.Random(1),
        )  # fmt: skip
        decision = decide(1, asked, catalogue, policy, {}, world)
        return await dispatcher.dispatch(asked, decision, catalogue, policy, recorded.append)

    route.recorded = recorded
    route.secrets = secrets
    return route


def outcomes(walk):
    return [(outcome.attempt.offering.split("/")[0], outcome.attempt.failure) for outcome in walk.recorded]


async def test_the_best_candidate_answers_and_nobody_else_is_asked(walk, offering):
    second = Scripted([Says("no")])
    result = await walk([(offering("a", quality=0.9), Scripted([Says("yes")])), (offering("b"), second)])
    assert (result.text, result.offering, second.calls) == ("yes", "a/model-a", [])


@pytest.mark.parametrize(
    "failure",
    [
        FailureClass.TRANSIENT,
        FailureClass.RATE_LIMITED,
        FailureClass.QUOTA,
        FailureClass.CREDENTIALS,
        FailureClass.UNAVAILABLE_MODEL,
        FailureClass.INVALID_OUTPUT,
        FailureClass.REFUSED,
    ],
)
async def test_a_failure_that_another_service_may_not_have_moves_on_to_it(walk, offering, failure):
    result = await walk(
        [(offering("a", quality=0.9), Scripted([Fails(failure)])), (offering("b"), Scripted([Says("b")]))]
    )
    assert result.text == "b"
    assert outcomes(walk) == [("a", failure), ("b", None)]


@pytest.mark.parametrize("failure", [FailureClass.CALLER_FAULT, FailureClass.CANCELLED])
async def test_a_failure_that_is_the_same_everywhere_ends_the_task(walk, offering, failure):
    spared = Scripted([Says("b")])
    with pytest.raises(TaskEnded):
        await walk([(offering("a", quality=0.9), Scripted([Fails(failure)])), (offering("b"), spared)])
    assert spared.calls == []


async def test_a_refusal_ends_the_task_where_the_policy_says_so(walk, offering):
    policy = Policy(name="obedient", on_refusal="end")
    with pytest.raises(TaskEnded, match="refused"):
        await walk([(offering("a"), Scripted([Fails(FailureClass.REFUSED)]))], policy=policy)


async def test_the_same_service_is_asked_again_only_when_no_other_is_left(walk, offering):
    flaky = Scripted([Fails(FailureClass.TRANSIENT), Says("at last")])
    result = await walk([(offering("a", quality=0.9), flaky), (offering("b"), Scripted([Fails(FailureClass.QUOTA)]))])
    assert result.text == "at last"
    assert [name for name, _ in outcomes(walk)] == ["a", "b", "a"]


async def test_the_deadline_and_not_a_count_bounds_how_often_a_failing_service_is_asked(walk, offering, clock):
    before = clock.now
    with pytest.raises(RouteExhausted, match="times") as caught:
        await walk([(offering("a"), Scripted([Fails(FailureClass.TRANSIENT)], then="repeat"))])
    assert len(caught.value.attempts) == len(walk.recorded) > 3
    assert clock.now - before <= POLICY.deadline_seconds


async def test_retry_after_is_waited_for_when_the_deadline_allows(walk, offering, clock):
    limited = Scripted([Fails(FailureClass.RATE_LIMITED, retry_after_seconds=7), Says("thanks")])
    before = clock.now
    assert (await walk([(offering("a"), limited)])).text == "thanks"
    assert clock.now - before >= 7


async def test_a_wait_past_the_deadline_is_not_begun(walk, offering, clock):
    limited = Scripted([Fails(FailureClass.RATE_LIMITED, retry_after_seconds=3_000)], then="repeat")
    before = clock.now
    with pytest.raises(RouteExhausted, match="past the deadline"):
        await walk([(offering("a"), limited)])
    assert clock.now == before


async def test_too_long_tries_only_larger_windows(walk, offering):
    small = Scripted([Says("small")])
    route = [
        (offering("a", quality=0.9, context_window=1_000), Scripted([Fails(FailureClass.TOO_LONG)])),
        (offering("b", quality=0.8, context_window=1_000), small),
        (offering("c", quality=0.7, context_window=9_000), Scripted([Says("large")])),
    ]
    assert (await walk(route)).text == "large"
    assert small.calls == []


async def test_an_account_without_credit_takes_its_other_offerings_out_too(walk, offering):
    account = Service(service_id=50, name="account", kind="fake", enabled=True)
    script = Scripted([Fails(FailureClass.QUOTA), Says("never")])
    route = [
        (offering("a", quality=0.9, service=account), script),
        (offering("b", quality=0.8, service=account), script),
        (offering("c"), Scripted([Says("other account")])),
    ]
    assert (await walk(route)).text == "other account"
    assert len(script.calls) == 1


async def test_a_key_is_read_anew_once_before_the_service_goes_out(walk, offering, world):
    keyed = Service(service_id=60, name="keyed", kind="fake", enabled=True, credential_ref="env:KEY")
    rotated = Scripted([Fails(FailureClass.CREDENTIALS), Says("new key")])
    result = await walk([(offering("a", service=keyed), rotated)])
    assert (result.text, walk.secrets.forgotten) == ("new key", ["env:KEY"])


async def test_a_key_that_stays_wrong_cools_the_service(walk, offering, world):
    keyed = Service(service_id=60, name="keyed", kind="fake", enabled=True, credential_ref="env:KEY")
    wrong = offering("a", service=keyed)
    with pytest.raises(RouteExhausted):
        await walk([(wrong, Scripted([Fails(FailureClass.CREDENTIALS)], then="repeat"))])
    assert world.health.cooling(wrong).failure is FailureClass.CREDENTIALS


async def test_an_answer_that_fails_a_critical_check_escalates(walk, offering):
    route = [(offering("a", quality=0.9), Scripted([Says("no stop")])), (offering("b"), Scripted([Says("Full stop.")]))]
    result = await walk(route, judge=says_please)
    assert result.text == "Full stop."
    assert walk.recorded[0].attempt.failure is FailureClass.INVALID_OUTPUT
    assert walk.recorded[0].attempt.message == "no full stop"


async def test_with_nobody_to_escalate_to_the_answer_is_repaired_once(walk, offering):
    learner = Scripted([Says("no stop"), Says("Full stop.")])
    assert (await walk([(offering("a"), learner)], judge=says_please)).text == "Full stop."
    first, second = learner.calls
    assert "no full stop" in second.request.messages[-1].content
    assert first.request.params.get("seed") != second.request.params["seed"]


async def test_an_answer_is_repaired_only_once(walk, offering):
    stubborn = Scripted([Says("no stop")], then="repeat")
    with pytest.raises(RouteExhausted, match="no full stop"):
        await walk([(offering("a"), stubborn)], judge=says_please)
    assert len(stubborn.calls) == 2


async def test_a_stream_that_is_cut_is_no_success(walk, offering):
    result = await walk(
        [(offering("a", quality=0.9), Scripted([Cuts("half an ans")])), (offering("b"), Scripted([Says("b")]))]
    )
    assert result.text == "b"
    assert walk.recorded[0].attempt.failure is FailureClass.INVALID_OUTPUT


async def test_text_that_is_not_json_is_no_success_where_a_schema_was_asked_for(walk, offering):
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x"),), schema={"type": "object"})
    route = [(offering("a", quality=0.9), Scripted([Says("{half")])), (offering("b"), Scripted([Says('{"a": 1}')]))]
    assert (await walk(route, request)).data == {"a": 1}


async def test_a_service_that_never_answers_is_left_at_the_deadline(walk, offering):
    import time

    policy = Policy(name="hasty", deadline_seconds=0.2)
    with pytest.raises(RouteExhausted, match="no answer within"):
        await walk([(offering("a"), Scripted([Hangs()], then="repeat"))], policy=policy, timer=time.monotonic)


async def test_a_caller_who_goes_away_is_accounted_for(walk, offering):
    import asyncio

    task = asyncio.create_task(walk([(offering("a"), Scripted([Hangs()]))]))
    await asyncio.sleep(0.05)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert outcomes(walk) == [("a", FailureClass.CANCELLED)]


async def test_the_budget_bounds_the_whole_walk(walk, offering):
    dear = Price(call_nanousd=600)
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "x"),), budget_nanousd=1_000)
    unasked = Scripted([Says("never.")])
    route = [
        (offering("a", quality=0.9, price=dear), Scripted([Says("no stop")])),
        (offering("b", price=dear), unasked),
    ]
    with pytest.raises(RouteExhausted, match="budget"):
        await walk(route, request, judge=says_please)
    assert unasked.calls == []


async def test_all_attempts_are_paid_for_in_the_result(walk, offering):
    price = Price(call_nanousd=5)
    route = [
        (offering("a", quality=0.9, price=price), Scripted([Says("no stop")])),
        (offering("b", price=price), Scripted([Says("Full stop.")])),
    ]
    assert (await walk(route, judge=says_please)).cost_nanousd == 10


async def test_no_candidate_at_all_says_what_no_service_can_do(walk, offering):
    video = TaskRequest(capability=Capability.VIDEO, prompt="a lamp")
    with pytest.raises(NoCandidate, match="no service can do `video`"):
        await walk([(offering("a"), Scripted([Says("text")]))], video)
