"""Frames over both databases: every figure is that of the calls that were put in."""

import csv
import io
from datetime import UTC, datetime

import pytest
from sqlalchemy import insert, update

from blocks.credentials import CredentialSource
from dashboards.frames.latencies import add_up, no_counts, quantile_ms
from dashboards.frames.overview import OverviewReader
from dashboards.frames.ranges import RANGES
from dashboards.frames.run import Bar, RunReader
from dashboards.frames.runs import RunsFilter, csv_of_runs, read_runs_page
from dashboards.frames.services import ServicesReader
from dashboards.look.timeline import MOST_ROWS, laid_out
from dashboards.look.wording import run_facts
from dashboards.look.wording import service as service_shown
from registry import AccessKeys, Catalogue, Cooldown, Cooldowns, FailureClass, NotFound, Out
from registry.histogram import histogram_of, merge, quantile
from registry.names import Names
from registry.page_reads import read_failed_calls
from registry.run_reads import RunReads
from registry.tables import call_messages, calls, items, probes, rollups, runs

US = 1_000_000
NOW = 1_800_000_120.0  # 2027-01-15 08:02 UTC


def clock():
    return NOW


def a_run(number, state="done", *, ago_seconds=600, message="", pipeline="storyboard"):
    started = int((NOW - ago_seconds) * US)
    return {
        "run_id": number, "pipeline": pipeline, "pipeline_version": "1", "state": state, "fingerprint": "f",
        "parameters": {}, "message": message, "output": None, "process": "host:1:1", "started_us": started,
        "heartbeat_us": started, "ended_us": None if state == "running" else started + 2 * US,
        "workspace": "default", "principal": "ann", "trace_id": None, "flow_run_id": None,
    }  # fmt: skip


def a_rollup(offering, *, minutes_ago, calls, failures=0, cost=0, latencies_ms=()):
    return {
        "minute": int(NOW // 60) - minutes_ago, "offering_id": offering, "stage_id": 0, "owner_id": 0, "calls": calls,
        "failures": failures, "input_tokens": 10 * calls, "output_tokens": calls, "cost_nanousd": cost,
        "latency_us": sum(latencies_ms) * 1000, "latency_histogram": histogram_of([ms * 1000 for ms in latencies_ms]),
    }  # fmt: skip


def a_call(number, offering, outcome):
    return {
        "task_id": number, "attempt": 1, "run_id": 7, "stage_id": 0, "item_id": 0, "owner_id": 0,
        "prompt_version_id": 0, "snapshot_id": 0, "policy_id": 0, "offering_id": offering, "outcome": outcome,
        "started_us": number, "latency_us": 5, "first_output_us": None, "input_tokens": 0, "output_tokens": 0,
        "cost_nanousd": 0, "cost_known": True, "checks": None, "candidates": None, "trace_id": None,
    }  # fmt: skip


async def put(store, table, *rows):
    async with store.write() as connection:
        await connection.execute(insert(table), list(rows))


@pytest.fixture
async def offerings(store):
    """Two services with one model each: the ids of their offerings."""
    catalogue = Catalogue(store, clock)
    ids = []
    for name in ("near", "far"):
        await catalogue.add_service(name, "openai_compatible", endpoint="http://127.0.0.1:9/v1", enabled=True)
        ids.append((await catalogue.put_offering(name, "m", capabilities=["text"])).offering_id)
    return ids


async def test_an_overview_adds_up_exactly_what_lies_in_its_range(store, offerings):
    near, far = offerings
    await put(
        store, rollups,
        a_rollup(near, minutes_ago=2, calls=3, failures=1, cost=500, latencies_ms=[10, 20, 30]),
        a_rollup(far, minutes_ago=30, calls=2, cost=700, latencies_ms=[40, 50]),
        a_rollup(0, minutes_ago=2, calls=1, failures=1),
        a_rollup(near, minutes_ago=90, calls=9, cost=9, latencies_ms=[1]),
    )  # fmt: skip
    await put(store, runs, a_run(1), a_run(2, "failed"), a_run(3, ago_seconds=7_200))
    overview = await OverviewReader(store, clock, RANGES["1h"]).read()
    assert (overview.calls, overview.failures, overview.cost_nanousd, overview.tokens) == (6, 2, 1_200, 66)
    assert overview.states == {"done": 1, "failed": 1}
    assert overview.p50_ms == pytest.approx(30, rel=0.016)
    assert overview.p95_ms == pytest.approx(50, rel=0.016)
    assert [one.service for one in overview.services] == ["far", "near", "nobody could be called"]
    assert {one.service: sum(one.cost_nanousd) for one in overview.services}["far"] == 700
    assert len(overview.times_ms) == len(overview.p50s_ms) == 60
    assert overview.p50s_ms[-3] == pytest.approx(20, rel=0.016)
    assert overview.p50s_ms[-2] is None


async def test_what_comes_in_later_is_seen_at_the_next_reading(store, offerings):
    reader = OverviewReader(store, clock, RANGES["24h"])
    await put(store, rollups, a_rollup(offerings[0], minutes_ago=0, calls=1, latencies_ms=[5]))
    assert (await reader.read()).calls == 1
    async with store.write() as connection:
        await connection.execute(update(rollups).values(calls=4, cost_nanousd=12))
    overview = await reader.read()
    assert (overview.calls, overview.cost_nanousd) == (4, 12)


async def test_a_span_that_nobody_looked_at_for_a_while_is_read_all_the_same(store, offerings):
    hand = [NOW - 3 * 3600]
    reader = OverviewReader(store, lambda: hand[0], RANGES["24h"])
    await reader.read()
    await put(store, rollups, a_rollup(offerings[0], minutes_ago=100, calls=7, latencies_ms=[5]))
    hand[0] = NOW
    assert (await reader.read()).calls == 7


async def test_a_removed_service_keeps_its_figures(store, offerings):
    await put(store, rollups, a_rollup(offerings[0], minutes_ago=1, calls=2, latencies_ms=[5]))
    await Catalogue(store, clock).remove_service("near")
    overview = await OverviewReader(store, clock, RANGES["1h"]).read()
    assert [(one.service, sum(one.calls)) for one in overview.services] == [("removed services", 2)]


def test_histograms_add_up_on_arrays_as_they_do_one_by_one():
    some = [histogram_of([3, 70, 70, 5_000_000]), histogram_of([]), histogram_of(range(0, 2_000_000, 977))]
    counts, merged = add_up(some), merge(*some)
    assert counts.sum() == 4 + 2048
    for q in (0.0, 0.5, 0.95, 1.0):
        assert quantile_ms(counts, q) == quantile(merged, q) / 1000


def test_a_damaged_histogram_counts_nothing_and_spoils_nothing():
    good = histogram_of([10, 20])
    assert (add_up([good, b"\xff", b"\x01"]) == add_up([good])).all()
    assert quantile_ms(no_counts(), 0.5) is None


async def test_services_tell_health_uptime_cost_and_the_latest_failures(store, offerings):
    near, far = offerings
    await put(
        store, rollups,
        a_rollup(near, minutes_ago=1, calls=10, failures=1, cost=100, latencies_ms=[10] * 9 + [90]),
        a_rollup(near, minutes_ago=26 * 60, calls=10, cost=1_000, latencies_ms=[10]),
        a_rollup(far, minutes_ago=5 * 60, calls=4, failures=4, cost=8, latencies_ms=[10]),
    )  # fmt: skip
    services = await Catalogue(store, clock).services()
    far_id = next(one.service_id for one in services if one.name == "far")
    probed = int((NOW - 60) * US)
    await put(store, probes, {"service_id": far_id, "ok": False, "message": "no answer", "latency_us": 1,
                              "probed_us": probed, "since_us": probed})  # fmt: skip
    await Catalogue(store, clock).add_service("keyed", "openai_compatible", endpoint="http://127.0.0.1:9/v1",
                                              credential_ref="env:NOT_SET_HERE", enabled=True)  # fmt: skip
    await Catalogue(store, clock).add_service("unused", "openai_compatible", endpoint="http://127.0.0.1:9/v1")
    frame = await ServicesReader(store, clock, CredentialSource({})).read()
    states = {state.service.name: state for state in frame.services}
    assert {name: state.health for name, state in states.items()} == {
        "far": "down", "near": "degraded", "keyed": "no key", "unused": "off",
    }  # fmt: skip
    assert states["near"].health_told == "1 of 10 calls failed in 15 min (10.0 %)"
    assert states["far"].health_told == "probe 1 min ago: no answer"
    assert (states["near"].calls, states["near"].failures) == (10, 1)
    assert states["near"].slots[-1].calls == 10
    assert states["near"].p95_ms == pytest.approx(90, rel=0.016)
    assert (states["near"].today_nanousd, states["near"].month_nanousd) == (100, 1_100)
    assert states["near"].projected_nanousd > states["near"].month_nanousd


async def test_what_is_out_is_told_with_why_and_until_when_in_local_time(store, offerings):
    near, far = offerings
    catalogue = Catalogue(store, clock)
    await catalogue.put_offering("near", "other", capabilities=["text"])
    told = {"since": NOW, "until": NOW + 65.0}
    await Cooldowns(store, clock).tell([
        Cooldown(out=Out(near), failure=FailureClass.UNAVAILABLE_MODEL, message="<b>gone</b>", **told),
        Cooldown(out=Out(far), failure=FailureClass.RATE_LIMITED, **told),
    ])  # fmt: skip
    frame = await ServicesReader(store, clock, CredentialSource({})).read()
    states = {state.service.name: state for state in frame.services}
    at = f"{datetime.fromtimestamp(NOW + 65, UTC).astimezone():%H:%M}"
    assert states["far"].health == "out"
    assert states["far"].health_told.startswith(f"out until {at}:")
    assert states["far"].health_told.endswith(": rate limited")
    assert states["near"].health == "idle"
    assert states["near"].health_told.startswith("no calls in 15 min, and not probed yet; m is out until")
    assert states["near"].health_told.endswith(": unavailable model (<b>gone</b>)")
    shown = service_shown(states["near"])
    assert "&lt;b&gt;gone&lt;/b&gt;" in shown
    assert "<b>gone" not in shown
    assert [state.service.name for state in frame.services] == ["far", "near"]


async def test_the_latest_failures_stand_first_with_their_words(store, offerings):
    for number, message in enumerate(("first", "<b>second</b>"), 1):
        await put(store, calls, a_call(number, offerings[0], 2))
        await put(store, call_messages, {"task_id": number, "attempt": 1, "message": message})
    frame = await ServicesReader(store, clock, CredentialSource({})).read()
    assert [(one.offering, one.failure, one.message, one.run_id) for one in frame.failures] == [
        ("near/m", "rate limited", "<b>second</b>", 7), ("near/m", "rate limited", "first", 7),
    ]  # fmt: skip


async def test_calls_that_were_cancelled_are_counted_apart_from_those_that_failed(store, offerings):
    await put(store, runs, a_run(7))
    for number, outcome in enumerate((0, FailureClass.TRANSIENT.code, FailureClass.CANCELLED.code), 1):
        await put(store, calls, a_call(number, offerings[0], outcome))
        await put(store, call_messages, {"task_id": number, "attempt": 1, "message": f"outcome {outcome}"})
    reads = RunReads(store)
    (line,) = (await read_runs_page(reads, clock, RunsFilter(range="1h"))).lines
    assert (line.calls, line.failed_calls, line.cancelled_calls) == (3, 1, 1)
    assert [call.task_id for call in await reads.calls(7, only_failed=True)] == [2]
    assert [call.task_id for call in await read_failed_calls(store)] == [2]
    frame = await RunReader(store, clock).run(7)
    assert "3, 1 failed, 1 cancelled" in run_facts(frame)
    (row,) = csv.DictReader(
        io.StringIO("".join([part async for part in csv_of_runs(reads, clock, RunsFilter(range="1h"))]))
    )
    assert (row["calls"], row["failed_calls"], row["cancelled_calls"]) == ("3", "1", "1")


async def test_runs_are_filtered_and_turned_page_by_page_without_loss_or_repetition(store):
    await put(store, runs, *(a_run(n, "failed" if n % 3 == 0 else "done", message=f"m{n}") for n in range(1, 181)))
    reads, seen, before = RunReads(store), [], None
    wanted = RunsFilter(range="1h", state="failed")
    while True:
        page = await read_runs_page(reads, clock, wanted, before=before)
        assert page.total == 60
        seen += [line.run_id for line in page.lines]
        before = page.lines[-1].run_id
        if not page.has_older:
            break
    assert seen == list(range(180, 0, -3))
    back = await read_runs_page(reads, clock, wanted, after=seen[-1])
    assert (back.lines[-1].run_id, len(back.lines), back.has_newer, back.has_older) == (6, 50, True, True)
    assert (await read_runs_page(reads, clock, RunsFilter(range="1h", text="M17"))).total == 11
    assert (await read_runs_page(reads, clock, RunsFilter(range="1h", text="%"))).total == 0
    assert (await read_runs_page(reads, clock, RunsFilter(range="1h", state="' OR 1=1 --"))).total == 180


async def test_the_csv_file_has_every_run_and_nothing_that_a_spreadsheet_would_run(store):
    await put(store, runs, a_run(1, message="=HYPERLINK(1)"), a_run(2, message=" @SUM(A1)", pipeline="-1+1"), a_run(3))
    text = "".join([part async for part in csv_of_runs(RunReads(store), clock, RunsFilter(range="1h"))])
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["run"] for row in rows] == ["3", "2", "1"]
    assert (rows[2]["message"], rows[1]["message"], rows[1]["pipeline"]) == ("'=HYPERLINK(1)", "' @SUM(A1)", "'-1+1")
    assert rows[0]["seconds"] == "2.0"


async def test_items_of_a_run_are_turned_page_by_page(store):
    await put(store, runs, a_run(1))
    await put(store, items, *(
        {"run_id": 1, "stage": stage, "item": f"{n:03d}", "state": "done", "fingerprint": "f", "result": None,
         "asset_digest": None, "task_id": None, "message": "", "changed_us": 1}
        for stage in ("a", "b") for n in range(40)
    ))  # fmt: skip
    reads = RunReads(store)
    first = await reads.items(1, limit=50)
    rest = await reads.items(1, limit=50, after=(first[-1].stage, first[-1].item))
    assert [(one.stage, one.item) for one in (*first, *rest)] == [(s, f"{n:03d}") for s in "ab" for n in range(40)]
    assert await reads.items(1, state="failed") == ()


async def test_a_call_whose_item_a_later_task_asked_for_was_not_used(store, offerings):
    names = Names(store)
    numbers = await names.intern(["shots", "shot-1", "shot-2"])
    named = {"stage_id": numbers["shots"], "run_id": 1}
    await put(store, runs, a_run(1))
    await put(
        store,
        calls,
        *(
            a_call(task, offerings[0], outcome) | named | {"item_id": numbers[item]}
            for task, item, outcome in (
                (11, "shot-1", 0),
                (12, "shot-1", FailureClass.TRANSIENT.code),
                (13, "shot-2", 0),
                (14, "shot-1", 0),
            )
        ),
    )
    reader = RunReader(store, clock)
    told = [row.outcome for row in await reader.calls(1, None, only_failed=False)]
    assert told == ["asked again", "transient", "done", "done"]
    assert [bar.outcome for bar in (await reader.run(1)).bars] == told
    (second,) = [row.outcome for row in await reader.calls(1, (13, 1), only_failed=False)]
    assert second == "done"


def a_bar(begin, end, lane="shots"):
    return Bar(task_id=1, lane=lane, name="x", service="s/m", begin_seconds=begin, end_seconds=end, outcome="done")


def test_calls_at_the_same_time_lie_below_each_other_and_others_share_a_row():
    bars = [a_bar(0, 2, "plan"), a_bar(2, 5), a_bar(3, 4), a_bar(4, 6), a_bar(5, 7)]
    layout = laid_out(bars)
    middles = [place.middle for place in layout.places]
    assert middles[0] < middles[1] < middles[2]
    assert middles[3:] == [middles[2], middles[1]]
    assert list(layout.lanes.values()) == ["plan", "shots"]
    edges = [(place.middle - place.height / 2, place.middle + place.height / 2) for place in layout.places]
    assert edges[1][1] < edges[2][0]
    assert max(edge for _, edge in edges) < layout.height
    assert laid_out([]) == ([], {}, 0)


def test_a_lane_grows_to_so_many_rows_and_no_further():
    layout = laid_out([a_bar(0, 100 + number) for number in range(MOST_ROWS + 5)])
    middles = [place.middle for place in layout.places]
    assert len(set(middles[:MOST_ROWS])) == MOST_ROWS
    assert set(middles[MOST_ROWS:]) <= set(middles[:MOST_ROWS])


async def test_a_run_tells_its_trace_where_it_has_one(store):
    await put(store, runs, a_run(1), a_run(2) | {"trace_id": "4bf9" * 8})
    plain, traced = [run_facts(await RunReader(store, clock).run(number)) for number in (1, 2)]
    assert "4bf9" * 8 in traced
    assert "Trace" not in plain


async def test_a_run_that_there_is_none_of_is_not_found(store):
    with pytest.raises(NotFound):
        await RunReader(store, clock).run(99)
    with pytest.raises(NotFound):
        await RunReader(store, clock).task(1, 99)


async def test_a_key_that_was_revoked_or_may_not_read_opens_no_page(store):
    from dashboards.visitors import LIFETIME_SECONDS, LOOK_SECONDS, Visitors

    hand = [NOW]
    keys = AccessKeys(store, lambda: hand[0])
    visitors = Visitors(keys, lambda: hand[0], b"secret" * 6)
    reader, _ = await keys.create("reader", scopes=("read",))
    caller, _ = await keys.create("caller", scopes=("call",))
    cookie = visitors.cookie_for(reader)
    assert (await visitors.visitor(cookie)).name == "reader"
    assert not await visitors.is_admin(reader.key_id)
    assert await visitors.visitor(visitors.cookie_for(caller)) is None
    for forged in ("", "1", cookie + "0", cookie.replace(f"{reader.key_id}.", "999.", 1), "1.2.3.é"):
        assert await visitors.visitor(forged) is None
    await keys.revoke(reader.prefix)
    hand[0] += LOOK_SECONDS
    assert await visitors.visitor(cookie) is None
    other, _ = await keys.create("other", scopes=("admin",))
    cookie = visitors.cookie_for(other)
    assert await visitors.is_admin(other.key_id)
    hand[0] += LIFETIME_SECONDS
    assert await visitors.visitor(cookie) is None
