"""Great Expectations suites: the same verdicts as the hot path, in a child process that is never left behind."""

# ruff: noqa: RUF001 - other alphabets look alike

import asyncio
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from blocks.contract import Reply
from quality import (
    Check,
    Checks,
    Expectation,
    MicroBatcher,
    QualityError,
    Row,
    Subject,
    Suite,
    SuiteProcess,
    SuiteProcessFailed,
    SuiteRejected,
    compile_checks,
)
from registry.words import Capability, TaskRequest

SPECS = (
    "not_empty",
    "not_refusal",
    "matches_schema",
    "length:3:60",
    "distinct_items:shots",
    "is_picture",
)
SCHEMA = {"type": "object", "properties": {"shots": {"type": "array", "minItems": 1}}, "required": ["shots"]}
TEXTS = (
    None,
    "",
    " ",
    "\n",
    "ok",
    "nan",
    "None",
    "null",
    "0",
    "[]",
    "{}",
    '{"shots": []}',
    '{"shots": ["a", "A!"]}',
    '{"shots": ["a", "b"]}',
    '{"shots": [{"shot_id": 1, "d": "x"}, {"shot_id": 2, "d": "X"}]}',
    '{"shots": "x"}',
    '```json\n{"shots": ["a"]}\n```',
    '{"shots": ["a"',
    "I'm sorry, but I can't help with that.",
    "I can't believe the robot left.",
    "抱歉，我无法提供这类内容。",
    "عذرًا، لا يمكنني مساعدتك في ذلك.",
    "كان الروبوت يحرس المنارة كل ليلة.",
    "🐶🌊🔦" * 30,
    "\ud800".encode("utf-8", "replace").decode(),
    "a\u0000b",
    "x" * 5_000,
)


def gone_within(pid, seconds):
    """Whether a process has ended by then. A zombie has."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.05)
    return False


def subjects_of(texts, png):
    written = TaskRequest(capability=Capability.TEXT, schema=SCHEMA, checks=SPECS)
    drawn = TaskRequest(capability=Capability.IMAGE, checks=SPECS, params={"width": 64})
    subjects = [Subject(request=written, text=text) for text in texts]
    pictures = ((), (png(),), (png(flat=True),), (png(width=32),), (png(), png(media_type="image/webp")))
    return [*subjects, *(Subject(request=drawn, media=media) for media in pictures), None]


async def test_both_paths_give_the_same_verdicts(suite_process, checks, png):
    subjects = subjects_of(TEXTS, png)
    rows = [Row(result_id=f"r{number}", subject=subject) for number, subject in enumerate(subjects)]
    by_suite = await Suite.of("all", SPECS, checks).validate(rows, suite_process)
    direct = compile_checks(TaskRequest(capability=Capability.TEXT, checks=SPECS), checks)
    assert by_suite == {row.result_id: direct(row.subject) for row in rows}
    for position in range(len(SPECS)):  # a corpus that every check passes, or fails, would prove little
        assert {verdicts[position].passed for verdicts in by_suite.values()} == {True, False}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts=st.lists(st.none() | st.text(max_size=80) | st.sampled_from(TEXTS), min_size=1, max_size=60))
def test_both_paths_agree_on_whatever_a_model_may_say(suite_process, checks, texts):
    request = TaskRequest(capability=Capability.TEXT, schema=SCHEMA, checks=SPECS)
    rows = [
        Row(result_id=str(number), subject=Subject(request=request, text=text)) for number, text in enumerate(texts)
    ]
    by_suite = asyncio.run(suite_process.validate(Suite.of("all", SPECS, checks), rows))
    direct = compile_checks(request, checks)
    assert by_suite == {row.result_id: direct(row.subject) for row in rows}


def test_a_suite_survives_its_json(checks):
    suite = Suite.of("shots", SPECS, checks, more=[Expectation(kind="expect_x", check_id="x", parameters={"a": 1})])
    assert Suite.from_json(suite.to_json()) == suite


@pytest.mark.parametrize("text", ["", "[]", '{"name": "x"}', '{"name": "x", "expectations": [{"kwargs": {}}]}'])
def test_json_of_another_form_is_rejected_in_one_sentence(text):
    with pytest.raises(SuiteRejected, match=r"the suite .* cannot be used"):
        Suite.from_json(text)


async def test_a_built_in_expectation_judges_beside_the_checks_and_lets_no_null_pass(suite_process, checks):
    request = TaskRequest(capability=Capability.TEXT)
    like = Expectation(
        kind="expect_column_values_to_match_regex",
        check_id="ends_with_a_stop",
        parameters={"column": "text", "regex": r"\.$"},
        critical=True,
    )
    suite = Suite.of("stops", ("not_empty",), checks, more=[like])
    rows = [Row(result_id=str(i), subject=Subject(request=request, text=t)) for i, t in enumerate(["A.", "B", None])]
    found = await suite_process.validate(suite, rows)
    assert [verdicts[1].passed for verdicts in found.values()] == [True, False, False]
    assert found["1"][1].critical


async def test_an_expectation_that_does_not_exist_is_rejected_and_not_dropped(suite_process, checks):
    suite = Suite.of("odd", ("not_empty",), checks, more=[Expectation(kind="expect_miracles", check_id="m")])
    rows = [Row(result_id="1", subject=None)]
    with pytest.raises(SuiteRejected, match="expect_miracles"):
        await suite_process.validate(suite, rows)


async def test_an_expectation_that_breaks_down_is_told_and_passes_nothing(suite_process, checks):
    odd = Expectation(kind="expect_column_values_to_be_in_set", check_id="odd", parameters={"column": "nowhere"})
    with pytest.raises(SuiteRejected, match=r"broke down|cannot be used"):
        await suite_process.validate(Suite.of("odd", (), checks, more=[odd]), [Row(result_id="1", subject=None)])


async def test_a_batch_is_validated_when_full_and_what_is_left_when_closed(suite_process, checks):
    request = TaskRequest(capability=Capability.TEXT, checks=("not_empty", "length:2"))

    async def for_ever(_seconds):
        await asyncio.Event().wait()

    async with MicroBatcher(suite_process, checks, max_rows=2, sleep=for_ever) as batcher:
        pair = [asyncio.create_task(batcher.verdicts(str(n), Subject(request=request, text="x" * n))) for n in (1, 2)]
        found = await asyncio.gather(*pair)
        assert [[verdict.passed for verdict in verdicts] for verdicts in found] == [[True, False], [True, True]]
        late = asyncio.create_task(batcher.verdicts("3", Subject(request=request)))
        await asyncio.sleep(0)
        assert not late.done()
    assert [verdict.passed for verdict in await late] == [False, False]


async def test_a_batch_does_not_wait_longer_than_it_is_told(suite_process, checks):
    request = TaskRequest(capability=Capability.TEXT)
    batcher = MicroBatcher(suite_process, checks, max_rows=1_000, max_wait_seconds=0.01)
    verdicts = await batcher.verdicts("1", Subject.of(request, Reply(text="hello")))
    assert all(verdict.passed for verdict in verdicts)
    await batcher.aclose()


async def test_two_opinions_on_one_result_do_not_mix(suite_process, checks):
    request = TaskRequest(capability=Capability.TEXT, checks=("not_empty",))
    batcher = MicroBatcher(suite_process, checks, max_wait_seconds=0.01)
    twice = await asyncio.gather(
        batcher.verdicts("1", Subject(request=request, text="here")),
        batcher.verdicts("1", Subject(request=request, text="")),
    )
    assert [verdicts[0].passed for verdicts in twice] == [True, False]
    await batcher.aclose()


async def test_a_child_that_is_killed_is_started_again_and_leaves_no_trace_when_closed(checks, caplog):
    suite = Suite.of("one", ("not_empty",), checks)
    rows = [Row(result_id="1", subject=None)]
    async with SuiteProcess(checks) as process:
        await process.warm_up()
        first = process.pid
        os.kill(first, signal.SIGKILL)
        gone_within(first, 5)
        found = await process.validate(suite, rows)
        second = process.pid
        assert not found["1"][0].passed
        assert second != first
        assert process.restarts == 1
        assert "starting another" in caplog.text
    assert gone_within(second, 5)
    with pytest.raises(SuiteProcessFailed, match="is closed"):
        await process.validate(suite, rows)


async def test_a_check_that_cannot_travel_is_refused_with_the_remedy(checks):
    own = checks.adding(Check.simple("here_only", 16, lambda _: ""))
    async with SuiteProcess(own) as process:
        with pytest.raises(QualityError, match="top level of a module"):
            await process.warm_up()


async def test_a_child_that_hangs_is_ended(checks):
    async with SuiteProcess(checks, timeout_seconds=0.2) as process:
        starting = asyncio.create_task(process.warm_up())
        with pytest.raises(SuiteProcessFailed, match="did not answer"):
            await starting
        assert process.pid is None


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_the_child_does_not_outlive_its_parent(end):
    script = (
        "import asyncio, time; from quality import Checks, SuiteProcess\n"
        "async def main():\n"
        "    process = SuiteProcess(Checks.standard())\n"
        "    await process.warm_up()\n"
        "    print(process.pid, flush=True)\n"
        "    time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.send_signal(end)
        parent.wait(10)
        assert gone_within(child, 10)


def test_importing_the_room_loads_nothing_heavy():
    script = (
        "import sys, quality; quality.Checks.standard(); quality.SuiteProcess, quality.MicroBatcher, quality.judge\n"
        "print([m for m in ('great_expectations', 'pandas', 'numpy', 'PIL', 'prefect', 'panel') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_checks_travel_between_processes_with_their_numbers():
    import pickle

    copy = pickle.loads(pickle.dumps(Checks.standard()))
    assert copy.names == Checks.standard().names
    assert copy.named("length:3").look(None).check == "length:3"
