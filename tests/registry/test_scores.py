"""Scores: told twice they count once, corrected they move by the difference, and in any order they add up alike."""

from __future__ import annotations

import itertools
import random

import pytest
from sqlalchemy import delete, select

from registry.scores import Passed, Scores, TaskScores, estimate
from registry.store import Store
from registry.tables import checked_tasks, quality_evidence
from registry.task_ids import TaskIds
from registry.words import Capability, Score

NOW = 1_795_000_000.0
WEEK = 7 * 86_400.0


def task_id(age_seconds: float = 0.0, number: int = 0) -> int:
    return next(itertools.islice(TaskIds(lambda: NOW - age_seconds, worker=1), number, None))


def said(task: int, *opinions, model: int = 1, capability=Capability.TEXT) -> TaskScores:
    scores = tuple(Score(task_id=task, **opinion) for opinion in opinions)
    return TaskScores(task_id=task, model_id=model, capability=capability, scores=scores)


def check(name: str, value: float = 1.0, *, critical: bool = False):
    return {"source": "check", "name": name, "value": value, "critical": critical}


def judge(value: float, *, sampled: bool = True):
    return {"source": "judge", "name": "fits", "value": value, "sampled": sampled}


def person(value: float):
    return {"source": "person", "name": "liked", "value": value}


@pytest.fixture
def scores(store):
    return Scores(store, lambda: NOW)


async def evidence(store) -> dict[int, tuple[float, float, int]]:
    async with store.read() as connection:
        rows = await connection.execute(select(quality_evidence))
        return {row.model_id: (row.good, row.bad, row.results) for row in rows}


async def test_passed_checks_count_but_only_failed_ones_have_rows(scores):
    task = task_id()
    await scores.record([said(task, check("not_empty"), check("length", 0.0), check("not_refusal"))])
    assert [score.name for score in await scores.of_task(task)] == ["length"]
    (found,) = (await scores.quality()).values()
    assert found.evidence == pytest.approx(0.3)
    assert found.mean == pytest.approx((4 * 0.5 + 0.2) / 4.3)


async def test_results_that_passed_everything_add_up_to_what_each_of_them_would_have_said(scores, store):
    kinds = [(1, Capability.TEXT, 2), (2, Capability.TEXT, 1), (1, Capability.SEARCH, 3)]
    tasks = [(task_id(age_seconds=number / 100, number=number), *kinds[number % 3]) for number in range(250)]
    await scores.record_passed([])
    assert await evidence(store) == {}
    await scores.record_passed([Passed(*task) for task in tasks])
    found = await scores.quality()
    async with store.write() as connection:
        await connection.execute(delete(quality_evidence))
        await connection.execute(delete(checked_tasks))
    names = ("not_empty", "not_refusal", "length")
    await scores.record(
        [said(task, *map(check, names[:checks]), model=m, capability=c) for task, m, c, checks in tasks]
    )
    one_by_one = await scores.quality()
    assert found.keys() == one_by_one.keys()
    for key, estimated in one_by_one.items():
        assert (found[key].mean, found[key].evidence) == pytest.approx((estimated.mean, estimated.evidence), rel=1e-6)


async def test_how_many_checks_a_result_passed_is_known_to_whoever_judges_it_later(scores, store):
    first, second = task_id(), task_id(number=1)
    await scores.record_passed([Passed(first, 1, Capability.TEXT, 2), Passed(second, 1, Capability.TEXT, 1)])
    await scores.record_passed([Passed(first, 1, Capability.TEXT, 2)])
    async with store.read() as connection:
        rows = await connection.execute(select(checked_tasks))
        assert {row.task_id: row.checks for row in rows} == {first: 2, second: 1}


async def test_saying_the_same_again_changes_nothing(scores, store):
    told = [said(task_id(number=n), check("a"), check("b", n % 2), judge(0.5), person(1.0)) for n in range(6)]
    await scores.record(told)
    before = await evidence(store)
    await scores.record(told)
    await scores.record(told[::-1] + told)
    assert await evidence(store) == {1: (pytest.approx(before[1][0]), pytest.approx(before[1][1]), 6)}


async def test_a_correction_moves_the_estimate_as_if_it_had_been_said_at_first(scores, store):
    wrong, right = task_id(number=1), task_id(number=2)
    await scores.record([said(wrong, check("a", 0.0), check("b")), said(wrong, person(0.0), model=1)])
    await scores.record([said(wrong, check("a"), check("b"), person(0.8))])
    assert [score.source for score in await scores.of_task(wrong)] == ["person"]
    await scores.record([said(right, check("a"), check("b"), person(0.8), model=2)])
    found = await evidence(store)
    assert found[1] == pytest.approx(found[2])


async def test_the_order_does_not_matter_and_neither_does_who_writes(scores, store, database_url):
    told = [
        said(task_id(age, number), opinion, model=number % 2)
        for number, age in enumerate((0, WEEK, 3 * WEEK))
        for opinion in (check("a", 0.5), judge(0.25), person(1.0))
    ]
    for model_shift, order in ((0, told), (10, random.Random(3).sample(told, len(told)))):
        shifted = [
            TaskScores(task_id=t.task_id + model_shift, model_id=t.model_id + model_shift, capability=t.capability,
                       scores=tuple(Score(task_id=s.task_id + model_shift, source=s.source, name=s.name, value=s.value,
                                          sampled=s.sampled) for s in t.scores))
            for t in order
        ]  # fmt: skip
        other = await Store.open(database_url)
        for number, one in enumerate(shifted):
            await Scores(other if number % 2 else store, lambda: NOW).record([one])
        await other.close()
    found = await evidence(store)
    assert found[10] == pytest.approx(found[0])
    assert found[11] == pytest.approx(found[1])


async def test_a_critical_check_that_failed_makes_the_checks_worth_nothing(scores, store):
    await scores.record([said(task_id(), check("a"), check("b"), check("schema", 0.0, critical=True))])
    good, bad, results = (await evidence(store))[1]
    assert (good, results) == (0, 1)
    assert bad > 0


async def test_a_judge_that_was_asked_about_an_odd_result_is_kept_but_moves_nothing(scores, store):
    task = task_id()
    await scores.record([said(task, judge(0.0, sampled=False))])
    assert await evidence(store) == {}
    assert [score.value for score in await scores.of_task(task)] == [0.0]
    await scores.record([said(task, judge(0.0, sampled=True))])
    assert (await evidence(store))[1][2] == 1


async def test_evidence_fades_by_half_in_a_week_and_sources_weigh_what_they_should(scores):
    for model, opinion in ((1, check("a")), (2, judge(1.0)), (3, person(1.0))):
        await scores.record([said(task_id(WEEK, model), opinion, model=model)])
    found = {model: estimate.evidence for (model, _), estimate in (await scores.quality()).items()}
    assert found == pytest.approx({1: 0.15, 2: 0.3, 3: 0.5})


async def test_little_evidence_stays_near_the_model_s_prior_and_much_leaves_it(scores):
    some = [said(task_id(number=number), person(1.0), model=model) for model, many in ((1, 1), (2, 200)) for number in
            range(model * 300, model * 300 + many)]  # fmt: skip
    await scores.record(some)
    found = await scores.quality({1: 0.3, 2: 0.3})
    little, much = found[1, Capability.TEXT], found[2, Capability.TEXT]
    assert little.mean == pytest.approx((4 * 0.3 + 1) / 5)
    assert little.low < little.mean < little.high
    assert much.low > little.high
    assert estimate(0, 0, 0.3).mean == 0.3


async def test_what_is_no_share_is_refused_and_nothing_is_written(scores, store):
    good, bad = task_id(number=1), task_id(number=2)
    with pytest.raises(ValueError, match=r"is 1\.5"):
        await scores.record([said(good, person(1.0)), said(bad, person(1.5))])
    assert await evidence(store) == {}
