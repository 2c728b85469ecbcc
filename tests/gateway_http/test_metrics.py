"""What the gateway tells Prometheus of the router, and that it stays bounded."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from blocks import Says, Scripted
from gateway.http.metrics import Metrics
from gateway.http.router_metrics import MOST_OFFERINGS
from registry.words import Attempt, FailureClass, Policy
from routing import Runtime, task_request

LOCAL = "local/smollm2-135m-instruct"


@pytest.fixture
async def runtime(settings):
    local = Scripted([Says("one")], then="repeat")
    async with Runtime.open(settings, services={"local": local}) as runtime:
        yield runtime


def told(metrics):
    """The samples by name and labels."""
    families = text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, *sample.labels.values()): sample.value for family in families for sample in family.samples
    }  # fmt: skip


async def test_offerings_that_were_called_are_told_of_and_no_others(runtime):
    metrics = Metrics()
    metrics.watch(runtime)
    assert not [key for key in told(metrics) if key[0] == "turnout_places"]
    await runtime.run(task_request("text", "Name a thing."))
    seen = told(metrics)
    assert [key for key in seen if key[0] == "turnout_places"] == [("turnout_places", LOCAL)]
    assert seen["turnout_calls_in_flight", LOCAL] == 0
    assert seen["turnout_breaker_state", LOCAL] == 0
    assert seen["turnout_places", LOCAL] == float("inf")
    assert seen["turnout_waiting", "high"] == 0


async def test_an_open_breaker_a_probe_a_cool_down_and_hedges_are_seen(runtime):
    metrics = Metrics()
    metrics.watch(runtime)
    (offering,) = [one for one in runtime.snapshot.offerings if one.name == LOCAL]
    standing = runtime.health.of(offering)
    for _ in range(5):
        runtime.health.broke(offering)
    assert told(metrics)["turnout_breaker_state", LOCAL] == 1
    standing.breaker.probe()
    assert told(metrics)["turnout_breaker_state", LOCAL] == 2
    runtime.health.failed(offering, FailureClass.RATE_LIMITED, retry_after_seconds=30)
    standing.hedges_made, standing.hedges_won = 3, 2
    standing.places.take()
    standing.places.cap = 7.0
    seen = told(metrics)
    assert 25 < seen["turnout_cooling_seconds", LOCAL] <= 30
    assert (seen["turnout_hedges_total", LOCAL, "made"], seen["turnout_hedges_total", LOCAL, "won"]) == (3, 2)
    assert (seen["turnout_calls_in_flight", LOCAL], seen["turnout_places", LOCAL]) == (1, 7)


async def test_kept_results_are_counted_as_hits_and_not_as_calls(runtime):
    metrics = Metrics()
    metrics.watch(runtime)
    await runtime.policies.put(Policy(name="keeping", cache_seconds=60))
    for _ in range(3):
        request = task_request("text", "Name a thing.", policy="keeping", params={"temperature": 0})
        metrics.called((await runtime.run(request)).attempts)
    seen = told(metrics)
    assert (seen["turnout_cache_lookups_total", "hit"], seen["turnout_cache_lookups_total", "miss"]) == (2, 1)
    assert seen["turnout_calls_total", LOCAL, "done"] == 1
    assert seen["turnout_call_seconds_count", LOCAL] == 1
    assert seen["turnout_cache_memory_bytes",] > 0


def test_however_many_offerings_there_have_been_their_names_are_bounded():
    metrics = Metrics()
    for number in range(MOST_OFFERINGS + 300):
        metrics.called([Attempt(number=1, offering_id=number, offering=f"s{number}/m")])
    names = set(re.findall(r'turnout_calls_total\{offering="([^"]+)"', metrics.text().decode()))
    assert len(names) == MOST_OFFERINGS + 1
    assert told(metrics)["turnout_calls_total", "other", "done"] == 300


async def test_the_table_in_the_docs_names_all_of_them(runtime):
    metrics = Metrics()
    metrics.watch(runtime)
    page = (Path(__file__).parents[2] / "docs" / "gateway.md").read_text(encoding="utf-8")
    table = page.partition("<!-- table: metrics -->")[2].partition("\n\n")[0]
    families = text_string_to_metric_families(metrics.text().decode())
    assert set(re.findall(r"`(turnout_\w+)`", table)) == {family.name for family in families}


def test_an_answer_that_was_kept_says_so_in_its_head(gateway, ask):
    gateway.in_loop(gateway.runtime.policies.put(Policy(name="keeping", cache_seconds=60)))
    heads = [ask("Say it once.", temperature=0, metadata={"policy": "keeping"}).headers for _ in range(2)]
    assert [head.get("x-turnout-cached") for head in heads] == [None, "true"]
    assert heads[1]["x-turnout-cost-usd"] == "0"
