"""``turnout policies`` and ``turnout rules``, as people and scripts use them; and the rules that explain tells of."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

POLICY = """\
policy: careful
target: the cheapest above 0.9
rules:
  - name: eu-data-stays
    when: request.metadata.data == "personal"
    require: service.region.startsWith("eu")
  - name: no-rival
    when: request.stage == "shots"
    forbid: service.name == "rival"
  - name: no-local
    forbid: service.name == "local"
  - name: nobody
    when: request.capability == "text" && request.pipeline == "storyboard"
    forbid: "true"
  - name: cheap-drafts
    when: request.stage == "analysis"
    weight: {quality: 0.2, cost: 0.7, speed: 0.1}
  - name: like
    prefer: offering.name.startsWith("local/") || health.latency_ms < 100.0
"""


@pytest.fixture
def policy_file(home, tmp_path):
    path = tmp_path / "here" / "careful.yaml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_the_policies_that_ship_are_listed(turnout):
    found = turnout("policies", "list", "--json").json["policies"]
    assert [(one["policy"], one["version"]) for one in found] == [
        ("default", 1), ("default-image", 1), ("default-video", 1),
    ]  # fmt: skip
    assert "quality 70%, cost 10%, speed 20%" in turnout("policies", "list").out


def test_a_policy_is_put_from_a_file_once_and_shown(turnout, policy_file):
    assert turnout("policies", "put", policy_file.name).out == "Policy careful is at version 1.\n"
    assert turnout("policies", "put", policy_file.name).out == "Policy careful is at version 1, as it was.\n"
    shown = turnout("policies", "show", "careful")
    assert "the cheapest above 0.9" in shown.out
    assert 'require service.region.startsWith("eu"), when request.metadata.data == "personal"' in shown.out
    machine = turnout("policies", "show", "careful", "--json").json
    assert machine["target"] == {"goal": "cost", "min_quality": 0.9, "max_cost_nanousd": None, "max_latency_ms": None}
    assert [rule["name"] for rule in machine["rules"]][:2] == ["eu-data-stays", "no-rival"]
    policy_file.write_text(POLICY.replace("0.9", "0.8"), encoding="utf-8")
    assert turnout("policies", "put", policy_file.name, "--json").json["version"] == 2


def test_a_check_puts_nothing_and_names_strangers(turnout, policy_file):
    policy_file.write_text(
        f"{POLICY}  - name: canary\n    split: {{shares: {{nobody/new: 0.5, locl: 0.5}}}}\n", "utf-8"
    )
    checked = turnout("policies", "check", policy_file.name)
    assert checked.code == 0
    assert "Note on rule canary: the registry has no service, model or offering 'nobody/new' (yet)." in checked.out
    assert "no service, model or offering 'locl' (yet); did you mean 'local'?" in checked.out
    assert "careful.yaml is in order; `turnout policies put careful.yaml` puts it." in checked.out
    noted = turnout("rules", "check", policy_file.name).err
    assert "no service, model or offering 'locl' (yet); did you mean 'local'?" in noted
    missing = turnout("policies", "show", "careful")
    known = "there are default, default-image, default-video"
    assert (missing.code, missing.err) == (1, f"turnout: there is no policy 'careful'; {known}.\n")


def test_names_in_conditions_that_nobody_bears_are_noted_also_when_a_policy_is_put(turnout, policy_file):
    policy_file.write_text(f'{POLICY}  - name: own\n    forbid: service.name in ["local", "mistrall"]\n', "utf-8")
    noted = turnout("rules", "check", policy_file.name).err
    assert "Note on rule own: the registry has no service 'mistrall' (yet); did you mean 'mistral'?" in noted
    assert "'local'" not in noted
    put = turnout("policies", "put", policy_file.name)
    assert (put.code, "no service 'mistrall' (yet)" in put.err) == (0, True)
    policy_file.write_text(
        f'{POLICY}  - name: own\n    when: request.capability == "txt" || time.weekday in ["Sonntag", "sunday"]\n'
        "    prefer: service.name == 'local'\n",
        "utf-8",
    )
    noted = turnout("rules", "check", policy_file.name).err
    assert "Note on rule own: there is no request.capability 'txt'; did you mean 'text'?" in noted
    assert "Note on rule own: there is no time.weekday 'Sonntag'; " in noted
    assert "'sunday'" not in noted.replace("did you mean 'sunday'", "")


@pytest.mark.parametrize("command", [("policies", "put"), ("policies", "check"), ("rules", "check")])
def test_a_rule_with_a_typo_is_refused_with_its_line_and_what_was_meant(turnout, policy_file, command):
    policy_file.write_text(POLICY.replace("request.metadata.data", "request.metdata.data"), encoding="utf-8")
    refused = turnout(*command, policy_file.name)
    assert refused.code == 1
    assert refused.err == (
        "turnout: careful.yaml, line 5: rule eu-data-stays: there is no 'request.metdata'; "
        "did you mean 'request.metadata'?\n"
    )
    assert turnout("policies", "show", "careful").code == 1


def test_a_file_that_is_not_there_is_told(turnout):
    assert turnout("policies", "check", "none.yaml").err == "turnout: none.yaml: No such file or directory.\n"
    assert turnout("rules", "check", ".").code == 1


def test_rules_are_tried_on_recent_requests_and_what_is_not_kept_is_told(turnout, policy_file, storyboard_run):
    assert storyboard_run
    tried = turnout("rules", "check", policy_file.name, "--json").json
    assert tried["recent"] == 3
    rules = {rule.pop("rule"): rule for rule in tried["rules"]}
    assert rules["eu-data-stays"]["untold"] == 3
    assert rules["eu-data-stays"]["unkept"] == ["request.metadata.data"]
    counts = {name: tuple(rule[what] for what in ("touched", "moved", "emptied", "untold"))
              for name, rule in rules.items()}  # fmt: skip
    # Two texts went to local first and had rival second; for the film there was nobody.
    assert counts["no-rival"] == (1, 0, 0, 0)
    assert counts["no-local"] == (2, 2, 0, 0)
    assert counts["nobody"] == (2, 0, 2, 0)
    assert counts["cheap-drafts"] == (1, 0, 0, 0)
    assert counts["like"] == (0, 0, 0, 2)
    shown = turnout("rules", "check", policy_file.name)
    assert "Of 3 recent requests, each rule by itself." in shown.out
    assert "The ledger does not keep health.latency_ms, request.metadata.data" in shown.out
    assert turnout("rules", "check", policy_file.name, "--recent", 1, "--json").json["recent"] == 1


def test_without_recent_requests_rules_are_only_checked(turnout, policy_file):
    assert "There are no recent requests to try them on." in turnout("rules", "check", policy_file.name).out
    assert turnout("rules", "check", policy_file.name, "--recent", 0, "--json").json["recent"] == 0


def test_explain_tells_by_what_a_target_was_missed(turnout, policy_file):
    policy_file.write_text("policy: strict\ntarget: the cheapest above 0.999 under 0.001 ms\n", encoding="utf-8")
    turnout("policies", "put", policy_file.name)
    shown = turnout("explain", asyncio.run(_make_run_under("strict"))).out
    assert "seeks the cheapest above 0.999 under 0.001 ms." in shown
    assert re.search(r"Missed: its quality is 0\.\d\d, a call took [^,]+ Where nobody is within", shown)
    decision = turnout("explain", "last", "--json").json["tasks"][0]["decision"]
    assert decision["sought"] == "seeks the cheapest above 0.999 under 0.001 ms"
    quality, took = decision["missed"]
    assert quality.startswith("its quality is 0.")
    assert took.startswith("a call took ")


def test_explain_tells_which_rules_applied_and_which_shut_out(turnout, policy_file):
    turnout("policies", "put", policy_file.name)
    run_id = asyncio.run(_make_ruled_run())
    shown = turnout("explain", run_id).out
    assert "Policy careful version 1 weighs quality 20%, cost 70%, speed 10%." in shown
    assert "Rules that applied:" in shown
    assert 'cheap-drafts  weigh quality 20%, cost 70%, speed 10%, when request.stage == "analysis"' in shown
    assert 'rule no-local forbids service.name == "local"' in shown
    task, other = turnout("explain", run_id, "--json").json["tasks"]
    assert "Policy careful version 1 seeks the cheapest above 0.9." in shown
    assert "Missed:" not in shown
    assert other["decision"]["rules"] == []
    assert task["decision"]["rules"] == ["no-local", "cheap-drafts", "like"]
    assert [one["factor"] for one in task["decision"]["ranked"]] == [pytest.approx(1.2, rel=0.03)]
    local = next(one for one in task["decision"]["excluded"] if one["offering"].startswith("local/"))
    assert (local["exclusion"], local["reason"]) == ("rule", 'rule no-local forbids service.name == "local"')


async def _make_run_under(policy) -> int:
    """A run with one call."""
    from blocks import Says, Scripted
    from registry import Settings
    from routing import Runtime, task_request

    async with Runtime.open(Settings.load(), services={"local": Scripted([Says("yes")])}) as runtime:
        run = await runtime.runs.start("storyboard", "1", fingerprint="abc", parameters={})
        await runtime.run(replace(task_request("text", "Hi.", policy=policy), run_id=run.run_id))
        await runtime.runs.finish(run.run_id, "done")
    return run.run_id


async def _make_ruled_run() -> int:
    """A run with one decision that rules had a say in, and one without."""
    from registry import Candidate, Exclusion, Settings
    from routing import Runtime, task_request

    async with Runtime.open(Settings.load()) as runtime:
        policy = await runtime.policies.get("careful")
        run = await runtime.runs.start("storyboard", "1", fingerprint="abc", parameters={})
        request = replace(task_request("text", "Hi.", stage="analysis", policy="careful"), run_id=run.run_id)
        decision = await runtime.decide(request)
        local, sketch = (
            next(one for one in runtime.snapshot.offerings if one.service.name == name) for name in ("local", "sketch")
        )
        candidates = (
            Candidate(offering_id=sketch.offering_id, offering=sketch.name, rank=1, quality=1, factor=1.2),
            Candidate(offering_id=local.offering_id, offering=local.name, excluded=Exclusion.RULE, rule=3),
        )
        ruled = replace(decision, policy_id=policy.policy_id, candidates=candidates, rules=(3, 5, 6))
        runtime._recorder.undone(request, ruled, "nothing was called")
        plain = (Candidate(offering_id=sketch.offering_id, offering=sketch.name, rank=1, quality=1),)
        other = await runtime.decide(request)
        unruled = replace(other, policy_id=policy.policy_id, candidates=plain, rules=())
        runtime._recorder.undone(request, unruled, "nothing was called")
        await runtime.runs.finish(run.run_id, "done")
    return run.run_id


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--objective", "quality=0,cost=0"), "--objective: all weights of the objective are 0"),
        (("--objective", "cost=-1"), "--objective: the weight of cost is -1.0"),
        (("--target", "the chepest above 0.9"), "--target: 'chepest' is not understood"),
        (("--priority", "urgent"), "'--priority': there is no 'urgent'; there are high, normal, low"),
    ],
)
def test_a_wish_on_the_command_line_that_makes_no_sense_is_told(turnout, tmp_path, flags, told):
    thought = tmp_path / "here" / "in.txt"
    thought.write_text("A lamp.", encoding="utf-8")
    (tmp_path / "here" / "in.csv").write_text("text\na\n", encoding="utf-8")
    for command in (
        ("run", "storyboard", "--input", "in.txt"),
        ("batch", "in.csv", "out.csv", "--prompt", "{{ row.text }}"),
    ):
        refused = turnout(*command, *flags)
        assert refused.code == 2
        assert told in refused.err


def test_a_policy_that_leaves_nobody_is_one_sentence_that_names_each_with_what_keeps_it_out(turnout, home, tmp_path):
    (tmp_path / "here" / "nobody.yaml").write_text(
        "policy: nobody\nrules:\n  - name: not-here\n    forbid: service.kind == 'local'\n", encoding="utf-8"
    )
    (tmp_path / "here" / "in.csv").write_text("text\na lamp\n", encoding="utf-8")
    assert turnout("policies", "put", "nobody.yaml").code == 0
    ended = turnout("batch", "in.csv", "out.csv", "--prompt", "{{ row.text }}", "--policy", "nobody", "--dry-run")
    assert ended.code == 1
    (told,) = [line for line in ended.err.splitlines() if line.startswith("turnout: ")]
    assert told.startswith(
        "turnout: no service can do `text` now: local: rule not-here forbids service.kind == 'local'; "
    )
    assert "openai: the service is disabled; `turnout services enable openai` turns it on" in told
    assert ended.err.splitlines() == ["Opening the registry and reading the table …", told]
