"""Frames as HTML: a run's facts, why a task went where it went, log lines, services. All data is escaped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from dashboards.frames.runs import state_shown
from dashboards.frames.words import clock_time, count_in_words, duration_in_words, moment, share
from dashboards.look.colours import FAILED, STATES
from dashboards.look.parts import panel_head_markup, state_mark
from registry import format_usd
from registry.run_reads import RunLine
from routing.wording import latency_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dashboards.frames.logs import LogLine
    from dashboards.frames.run import CandidateRow, RunFrame, TaskFrame
    from dashboards.frames.services import FailureLine, ServiceState, Slot
    from registry.run_reads import CallLine

_LOG_COLOURS = {"WARNING": STATES["degraded"], "ERROR": FAILED}


def run_facts(frame: RunFrame) -> str:
    """What is to be said of a run, as a list of facts."""
    run, totals = frame.run, frame.totals
    line = RunLine(
        run_id=run.run_id, pipeline=run.pipeline, state=run.state, message=run.message, process=run.process,
        started_us=run.started_us, heartbeat_us=run.heartbeat_us, ended_us=run.ended_us, principal=run.principal,
    )  # fmt: skip
    gone = f", {totals.cancelled_calls:,} cancelled" if totals.cancelled_calls else ""
    done, of = totals.items.get("done", 0), sum(totals.items.values())
    facts: list[tuple[str, object, str]] = [
        ("State", state_mark(state_shown(line, frame.at_us)), ""),
        ("Started", moment(run.started_us), ""),
        ("Took" if run.ended_us else "Running for", duration_in_words(frame.seconds), ""),
        ("Items done", f"{done:,} of {of:,}" if of else "-", ""),
        ("Calls", f"{totals.calls:,}, {totals.failed_calls:,} failed{gone}", ""),
        ("Cost", format_usd(totals.cost_nanousd), ""),
        ("Tokens", f"{totals.input_tokens:,} in, {totals.output_tokens:,} out", ""),
        ("Whose", f"{run.workspace}/{run.principal}", ""),
        ("Process", run.process, ""),
    ]
    if run.trace_id:
        facts.append(("Trace", run.trace_id, ""))
    if run.output:
        facts.append(("Output", run.output, "wide"))
    if run.message:
        facts.append(("Message", run.message[:4_000], "wide message"))
    made = Markup("").join(
        Markup('<div class="{}"><dt>{}</dt><dd class="{}"><bdi>{}</bdi></dd></div>').format(
            "wide" if "wide" in kind else "", name, "message" if "message" in kind else "", value
        )
        for name, value, kind in facts
    )
    return str(Markup("<dl>{}</dl>").format(made))


def task_name(line: CallLine) -> str:
    """What people call the task of a call."""
    return "/".join(part for part in (line.stage, line.item) if part) or f"task {line.task_id}"


def why(task: TaskFrame) -> str:
    """Why a task went where it went: the policy, and every candidate with its rank or the reason against it."""
    head = panel_head_markup(f"Why this service for {task.name}")
    if not task.candidates:
        told = task.explanation.message or "The ledger keeps no candidates of this task."
        return str(head + Markup('<p class="note">{}</p>').format(told))
    rows = Markup("").join(map(_candidate, task.candidates))
    told = f"Policy {task.policy} {task.sought}. {task.missed} Quality, cost and speed lie in 0 to 1, 1 is best."
    table = Markup(
        '<div class="why"><p class="soft">{}</p><div class="scroll"><table><thead><tr><th class="num">Rank</th>'
        '<th>Service/model</th><th class="num">Utility</th><th class="num">Quality</th><th class="num">Cost</th>'
        '<th class="num">Speed</th><th>Why</th></tr></thead><tbody>{}</tbody></table></div></div>'
    ).format(told, rows)
    return str(head + table)


def no_reason(sentence: str) -> str:
    """Why nothing can be said of a decision."""
    return str(panel_head_markup("Why this service") + Markup('<p class="note">{}</p>').format(sentence))


def log(lines: Sequence[LogLine]) -> str:
    """Lines of a log."""
    if not lines:
        return no_log("Nothing of that level and text is in the log.")
    made = Markup("").join(
        Markup('<li><time>{}</time><b style="color:{}">{}</b><span dir="auto">{}</span></li>').format(
            clock_time(line.at_us), _LOG_COLOURS.get(line.level_name, "inherit"), line.level_name, line.message[:2_000]
        )
        for line in lines
    )
    return str(Markup('<ul class="logs" tabindex="0" aria-label="Log">{}</ul>').format(made))


def no_log(sentence: str) -> str:
    """Why there is no log."""
    return str(Markup('<p class="note">{}</p>').format(sentence))


def service(state: ServiceState) -> str:
    """A service: health, the strip of a day, and figures."""
    bars = Markup("").join(
        Markup('<i style="--colour:{}" title="{}"></i>').format(_slot_colour(slot), _slot_told(slot))
        for slot in state.slots
    )
    named = f"{count_in_words(state.calls, 'call')} in 24 h, {share(state.failures, state.calls)} failed"
    figures = Markup("").join(
        Markup("<div><dt>{}</dt><dd>{}</dd></div>").format(name, value) for name, value in _figures(state)
    )
    return str(
        Markup(
            '<div class="service"><div><div class="name"><bdi>{}</bdi></div><div>{}</div><div class="told">{}</div>'
            '<div class="told">{}</div></div><div><div class="strip" role="img" aria-label="{}">{}</div>'
            '<div class="ends"><span>24 h ago</span><span>now</span></div></div><dl class="figures">{}</dl></div>'
        ).format(state.service.name, state_mark(state.health), state.health_told, _limits(state), named, bars, figures)
    )


def failures(lines: Sequence[FailureLine]) -> str:
    """The calls that failed last."""
    if not lines:
        return no_log("No call has failed yet.")
    rows = Markup("").join(
        Markup(
            '<tr><td class="when">{}</td><td>{}</td><td>{}</td><td class="words"><bdi>{}</bdi></td><td>{}</td></tr>'
        ).format(
            moment(line.at_us),
            line.offering,
            line.failure,
            line.message[:300],
            Markup('<a href="/run?id={}">Run {}</a>').format(line.run_id, line.run_id) if line.run_id else "",
        )
        for line in lines
    )
    return str(
        Markup(
            '<div class="scroll"><table><thead><tr><th>When</th><th>Service/model</th><th>Failure</th>'
            "<th>Message</th><th>Run</th></tr></thead><tbody>{}</tbody></table></div>"
        ).format(rows)
    )


def _candidate(row: CandidateRow) -> Markup:
    if row.rank is None:
        return Markup(
            '<tr class="out"><td class="num">-</td><td>{}</td><td></td><td></td><td></td><td></td>'
            '<td class="words">{}</td></tr>'
        ).format(row.offering, row.reason)
    figures = Markup("").join(
        Markup('<td class="num">{:.2f}</td>').format(figure)
        for figure in (row.utility, row.quality, row.cost, row.speed)
    )
    return Markup('<tr><td class="num">{}</td><td>{}</td>{}<td class="words">{}</td></tr>').format(
        row.rank, row.offering, figures, row.reason
    )


def _figures(state: ServiceState) -> tuple[tuple[str, str], ...]:
    def told(latency_ms: float | None) -> str:
        return "-" if latency_ms is None else latency_in_words(latency_ms)

    return (
        ("Calls, 24 h", f"{state.calls:,}"),
        ("Failed, 24 h", share(state.failures, state.calls)),
        ("p50 · p95, 24 h", f"{told(state.p50_ms)} · {told(state.p95_ms)}"),
        ("Cost today", format_usd(state.today_nanousd)),
        ("This month", format_usd(state.month_nanousd)),
        ("Month's end, about", format_usd(state.projected_nanousd)),
    )


def _limits(state: ServiceState) -> str:
    windows = [offering.context_window for offering in state.offerings if offering.context_window]
    told = [count_in_words(len(state.offerings), "model")]
    if windows:
        told.append(f"up to {max(windows):,} tokens of context")
    limits = {name: value for name, value in state.service.options.items() if "limit" in name or "max" in name}
    told += [f"{name.replace('_', ' ')} {value}" for name, value in sorted(limits.items())]
    if state.service.region:
        told.append(f"in {state.service.region}")
    return ", ".join(told)


def _slot_colour(slot: Slot) -> str:
    if not slot.calls:
        return "var(--line)"
    bad = slot.failures / slot.calls
    return STATES["down"] if bad >= 0.5 else STATES["degraded"] if bad > 0.05 else STATES["up"]


def _slot_told(slot: Slot) -> str:
    if not slot.calls:
        return f"{clock_time(slot.since_us)[:5]}: no calls"
    calls = count_in_words(slot.calls, "call")
    return f"{clock_time(slot.since_us)[:5]}: {calls}, {slot.failures:,} failed"
