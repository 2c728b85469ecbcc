"""Results given again: what is the same request, for how long, to whom, and what is never kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text as sql

from blocks import Says, Scripted, TextDelta
from gateway.cli.explained import say_calls
from registry import CachedResult, CachedResults, Store
from registry.rollups import read_rollups
from registry.words import (
    Attempt,
    Candidate,
    Capability,
    Decision,
    Media,
    Message,
    Policy,
    Requirements,
    TaskRequest,
    TaskResult,
    ToolCall,
    Usage,
    Verdict,
)
from routing import Runtime, task_request
from routing.cache import ENTRY_BYTES, Memory, ResultCache, is_settled

REQUEST = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Hello"),), params={"temperature": 0})


POLICY = Policy(name="keeping", cache_seconds=60)


class Hand:
    """Microseconds since 1970 that pass only when told to."""

    now = 1_000_000_000

    def __call__(self):
        return self.now

    def seconds(self):
        return self.now / 1_000_000

    def passes(self, seconds):
        self.now += int(seconds * 1_000_000)


@pytest.fixture
def hand():
    return Hand()


@pytest.fixture
async def store(sqlite_database_url):
    store = await Store.open(sqlite_database_url)
    yield store
    await store.close()


@pytest.fixture
def make(store, hand):
    """Makes caches over one database, as processes do."""

    def made(**facts):
        return ResultCache(CachedResults(store, hand.seconds), hand, **{"memory_bytes": 10**6, **facts})

    return made


def decision(*offerings, task_id=1):
    return Decision(
        task_id=task_id, capability=Capability.TEXT, policy="keeping", policy_version=1, policy_id=1, snapshot_id=1,
        snapshot_version=1,
        candidates=tuple(
            Candidate(offering_id=one.offering_id, offering=one.name, rank=rank)
            for rank, one in enumerate(offerings, 1)
        ),
    )  # fmt: skip


def result(by, text="Hello to you.", **facts):
    attempt = Attempt(number=1, offering_id=by.offering_id, offering=by.name, cost_nanousd=70)
    return TaskResult(
        task_id=1, text=text, usage=Usage(input_tokens=3), cost_nanousd=70, latency_ms=400.0, decision=decision(by),
        attempts=(attempt,), **facts,
    )  # fmt: skip


async def kept(cache, catalogue, by, request=REQUEST, policy=POLICY, **facts):
    cache.keep(cache.asked(request, policy), result(by, **facts), catalogue)
    await cache.close(5)


async def found(cache, catalogue, *ranked, request=REQUEST, policy=POLICY):
    return await cache.find(cache.asked(request, policy), decision(*ranked, task_id=2), catalogue)


async def test_the_same_request_gets_the_same_result_at_no_cost_and_marked(make, offering, snapshot):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    verdicts = (Verdict(check="not_empty", passed=True, critical=True),)
    whole = {
        "tools": (ToolCall(call_id="1", name="look", arguments="{}"),), "reasoning": "hm", "data": {"a": [1, None]},
        "media": (Media(content=b"\x00\xff", media_type="image/png", width=1),), "vectors": ((0.5, -1.0),),
        "dropped_params": ("seed",), "finish_reason": "length", "verdicts": verdicts,
    }  # fmt: skip
    await kept(cache, catalogue, one, **whole)
    again = await found(cache, catalogue, one)
    assert {name: getattr(again, name) for name in whole} == whole
    assert (again.text, again.is_cached, again.cost_nanousd, again.usage) == ("Hello to you.", True, 0, Usage())
    assert (again.task_id, again.offering, again.attempts[0].number) == (2, "a/model-a", 0)
    assert (cache.hits, cache.misses) == (1, 0)


@pytest.mark.parametrize("memory_bytes", [0, 10**6])
async def test_another_process_is_given_it_too(make, offering, snapshot, memory_bytes):
    one = offering()
    catalogue = snapshot(one)
    await kept(make(memory_bytes=memory_bytes), catalogue, one)
    assert (await found(make(memory_bytes=memory_bytes), catalogue, one)).text == "Hello to you."


DIFFERENT = {
    "messages": (Message("user", "Hello!"),),
    "role": None,
    "prompt": "Hello",
    "inputs": ("Hello",),
    "schema": {"type": "object"},
    "params": {"temperature": 0, "max_output_tokens": 5},
    "hints": {"caption": "x"},
    "checks": ("not_empty",),
    "requirements": Requirements(regions=frozenset({"eu"})),
    "capability": Capability.SEARCH,
    "workspace": "another",
}


@pytest.mark.parametrize("what", DIFFERENT)
async def test_whatever_is_different_is_another_request(make, offering, snapshot, what):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    await kept(cache, catalogue, one)
    facts = {"messages": (Message("system", "Hello"),)} if what == "role" else {what: DIFFERENT[what]}
    assert await found(cache, catalogue, one, request=replace(REQUEST, **facts)) is None
    assert (cache.hits, cache.misses) == (0, 1)


async def test_where_a_text_ends_and_the_next_begins_is_part_of_the_request(make, offering, snapshot):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    await kept(cache, catalogue, one, request=replace(REQUEST, inputs=("ab", "c")))
    assert await found(cache, catalogue, one, request=replace(REQUEST, inputs=("a", "bc"))) is None


@pytest.mark.parametrize(
    "facts", [{"stage": "s", "item": "i", "run_id": 5, "prompt_version": "2", "deadline_seconds": 3}]
)
async def test_what_changes_nothing_about_an_answer_is_no_part_of_it(make, offering, snapshot, facts):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    await kept(cache, catalogue, one)
    moved = replace(REQUEST, metadata={"session": "7"}, **facts)
    assert (await found(cache, catalogue, one, request=moved)).is_cached


async def test_another_version_of_the_model_is_asked_anew_and_the_same_model_elsewhere_is_not(make, offering, snapshot):
    cache, one = make(), offering()
    await kept(cache, snapshot(one), one)
    renamed = replace(one, remote_name="model-a-2026-11")
    assert await found(cache, snapshot(renamed), renamed) is None
    elsewhere = replace(one, offering_id=77, service=replace(one.service, service_id=77, name="elsewhere"))
    assert (await found(cache, snapshot(elsewhere), elsewhere)).offering == "elsewhere/model-a"


async def test_of_several_kept_results_that_of_the_best_candidate_is_given(make, offering, snapshot):
    one, two, three = offering("one"), offering("two"), offering("three")
    catalogue, cache = snapshot(one, two, three), make()
    await kept(cache, catalogue, one, text="of one")
    await kept(cache, catalogue, two, text="of two")
    for ranked, text in (((three, one, two), "of one"), ((two, one), "of two")):
        assert (await found(cache, catalogue, *ranked)).text == text
        assert (await found(make(), catalogue, *ranked)).text == text


async def test_whoever_is_no_candidate_gives_nothing(make, offering, snapshot):
    cache, one, two = make(), offering("one"), offering("two")
    catalogue = snapshot(one, two)
    await kept(cache, catalogue, one)
    assert await found(cache, catalogue, two) is None
    assert await found(cache, catalogue) is None


async def test_after_its_time_it_is_gone_and_a_policy_that_wants_it_fresher_does_not_get_it(
    make, offering, snapshot, hand
):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    await kept(cache, catalogue, one)
    hand.passes(30)
    assert await found(cache, catalogue, one, policy=Policy(name="fresh", cache_seconds=20)) is None
    assert await found(cache, catalogue, one) is not None
    hand.passes(31)
    assert await found(cache, catalogue, one) is None


async def test_a_principal_gets_nothing_of_anothers_where_that_is_the_scope(make, offering, snapshot):
    one = offering()
    catalogue = snapshot(one)
    bob = replace(REQUEST, principal="bob")
    apart, together = make(by_principal=True), make()
    await kept(apart, catalogue, one)
    assert await found(apart, catalogue, one, request=bob) is None
    await kept(together, catalogue, one)
    assert await found(together, catalogue, one, request=bob) is not None


@pytest.mark.parametrize(
    ("params", "settled"),
    [
        ({}, False), ({"temperature": 0.7}, False), ({"temperature": 0}, True), ({"temperature": 0.0}, True),
        ({"temperature": None}, False), ({"temperature": "0"}, False), ({"seed": 0}, True), ({"seed": None}, False),
        ({"temperature": 1, "seed": 7}, True),
    ],
)  # fmt: skip
def test_only_what_is_to_have_the_same_answer_each_time_is_kept(params, settled):
    assert is_settled(replace(REQUEST, params=params)) is settled


def test_embeddings_are_never_sampled():
    assert is_settled(TaskRequest(capability=Capability.EMBEDDING, inputs=("a",)))


async def test_without_a_policy_that_keeps_results_nothing_is_kept(make):
    assert make().asked(REQUEST, Policy(name="plain")) is None
    assert make().asked(REQUEST, Policy(name="off", cache_seconds=0)) is None
    assert make().asked(replace(REQUEST, params={}), POLICY) is None


@pytest.mark.parametrize("odd", [object(), b"bytes", 2**70, {1, 2}, "\ud800"])
async def test_a_request_that_json_cannot_hold_is_not_kept(make, odd):
    assert make().asked(replace(REQUEST, hints={"odd": odd}), POLICY) is None


async def test_what_failed_a_check_even_a_mild_one_is_not_kept(make, offering, snapshot):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    await kept(cache, catalogue, one, verdicts=(Verdict(check="short", passed=False),))
    assert await found(cache, catalogue, one) is None


async def test_what_is_damaged_is_not_given(make, store, hand, offering, snapshot):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    digest = cache.asked(REQUEST, POLICY).with_model(one.model.model_id, one.remote_name)
    bad = CachedResult(
        digest=digest, workspace="default", content=b"junk", created_us=hand.now, expires_us=2 * hand.now
    )
    await CachedResults(store, hand.seconds).keep([bad])
    assert await found(cache, catalogue, one) is None
    assert cache.misses == 1


async def test_a_table_that_is_gone_costs_a_look_and_no_answer(make, store, offering, snapshot, caplog):
    cache, one = make(), offering()
    catalogue = snapshot(one)
    async with store.write() as connection:
        await connection.execute(sql("DROP TABLE cached_results"))
    assert await found(cache, catalogue, one) is None
    await kept(cache, catalogue, one)
    assert (await found(cache, catalogue, one)).is_cached  # from memory
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_memory_is_bounded_and_lets_go_of_what_was_not_wanted_for_longest():
    memory = Memory(100 + 3 * ENTRY_BYTES)

    def put(letter, size):
        memory.put(CachedResult(digest=letter, workspace="", content=b"x" * size, created_us=0, expires_us=1))

    for letter in "abc":
        put(letter, 30)
    memory.get("a")
    put("d", 30)
    assert [letter for letter in "abcd" if memory.get(letter)] == ["a", "c", "d"]
    put("a", 40)
    put("huge", 101 + 3 * ENTRY_BYTES)
    assert (memory.size_bytes, len(memory), memory.get("huge")) == (100 + 3 * ENTRY_BYTES, 3, None)


@pytest.fixture
async def runtime(settings):
    local = Scripted([Says("one"), Says("two"), Says("three")])
    async with Runtime.open(settings, services={"local": local}) as runtime:
        runtime.local = local
        await runtime.policies.put(POLICY)
        yield runtime


async def ask(runtime, text="Name a thing.", accept=None, **facts):
    facts = {"params": {"temperature": 0}, "stage": "s", **facts}
    return await runtime.run(task_request("text", text, policy="keeping", **facts), accept=accept)


async def test_a_hit_calls_nobody_and_is_explained_as_what_it_is(runtime, capsys):
    first, again = await ask(runtime), await ask(runtime)
    assert (first.text, again.text, len(runtime.local.calls)) == ("one", "one", 1)
    assert (first.is_cached, again.is_cached, again.cost_nanousd) == (False, True, 0)
    await runtime.drain()
    told = await runtime.decisions.explain_task(again.task_id)
    assert (told.attempts, told.given_again_of, told.message) == ((), "local/smollm2-135m-instruct", "")
    assert told.decision.ranked
    say_calls([told])
    assert "given again" in capsys.readouterr().out
    calls = await read_rollups(runtime.store, 0)
    assert sum(rollup.calls for rollup in calls) == 1


async def test_work_that_is_sampled_is_done_each_time(runtime):
    assert [(await ask(runtime, params={})).text for _ in range(2)] == ["one", "two"]


async def test_where_the_caller_judges_nothing_is_given_again(runtime):
    answers = [(await ask(runtime, accept=lambda _: True)).text for _ in range(2)]
    assert answers == ["one", "two"]


async def test_a_stream_is_given_what_was_kept_in_one_piece_and_leaves_nothing(runtime):
    request = task_request("text", "Name a thing.", policy="keeping", params={"temperature": 0})
    for expected in ("one", "two"):
        async with runtime.stream(request) as stream:
            assert "".join([delta.text async for delta in stream if isinstance(delta, TextDelta)]) == expected
    whole = await ask(runtime)
    async with runtime.stream(request) as stream:
        assert [delta.text async for delta in stream] == [whole.text]
    assert stream.result.is_cached
    assert len(runtime.local.calls) == 3


async def test_results_of_one_process_are_there_for_the_next(settings):
    for expected_calls in (1, 0):
        local = Scripted([Says("one")])
        async with Runtime.open(settings, services={"local": local}) as runtime:
            await runtime.policies.put(POLICY)
            assert (await ask(runtime)).text == "one"
            await asyncio.sleep(0)
        assert len(local.calls) == expected_calls
