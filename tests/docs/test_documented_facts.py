"""What the documentation says in tables is what the code does, and its links lead somewhere."""

from __future__ import annotations

import inspect
import re
import tomllib
from typing import get_args

import pytest

from gateway.errors import GatewayError
from quality import Checks
from registry import FailureClass, Home, RegistryError, Settings, usd_from_text
from registry.condition_facts import FACTS, REQUEST_FACTS
from registry.policies import SHIPPED
from registry.policy_json import PolicyJson
from registry.words import Capability, Decision, parse_objective
from registry.words.policy import Effect
from routing import NoCandidate, RoutingError, task_request
from routing.rules import read_policy, read_rules
from routing.strategies import NAMED


def code(cell):
    """A cell without its code marks."""
    return cell.strip("`")


def test_the_settings_are_those_of_the_code(root, read):
    expected = []
    for name, field in Settings.model_fields.items():
        default = "none" if field.default is None else f"`{field.default}`"
        if name == "home":
            default = "your platform's place for data"
        expected.append([f"`{name}`", f"`TURNOUT_{name.upper()}`", default, field.description])
    lines = "\n".join(f"| {' | '.join(row)} |" for row in expected)
    assert read.table(root / "docs" / "operators.md", "settings") == expected, f"the table should read:\n{lines}"


def test_the_settings_file_that_is_shown_is_accepted(root, read, tmp_path):
    (block,) = [b for b in read.blocks(root / "docs" / "operators.md") if b.note == "settings file"]
    (tmp_path / "turnout.toml").write_text(block.text, encoding="utf-8")
    settings = Settings.load(directory=tmp_path, environment={"TURNOUT_CONFIG_FILE": "/dev/null"})
    shown = tomllib.loads(block.text)
    assert settings.local_slots == shown["local_slots"]
    assert len(settings.model_fields_set) == len(shown)


def test_the_checks_are_those_of_the_house(root, read):
    checks = Checks.standard()
    rows = read.table(root / "docs" / "flow-authors.md", "checks")
    assert tuple(code(row[0]) for row in rows) == checks.names
    for name, written, critical, _ in rows:
        named = checks.named(code(written))
        assert (named.check.name, named.check.critical) == (code(name), critical == "yes")


def test_the_policies_are_those_that_ship(root, read):
    rows = read.table(root / "docs" / "flow-authors.md", "policies")
    assert [[code(row[0]), *row[1:]] for row in rows] == [
        [
            policy.name,
            *(f"{weight:g}" for weight in (policy.objective.quality, policy.objective.cost, policy.objective.speed)),
            f"{policy.deadline_seconds:g} s",
        ]
        for policy in SHIPPED
    ]


def test_the_facts_that_conditions_see_are_those_of_the_code(root, read):
    rows = read.table(root / "docs" / "policies.md", "condition facts")
    expected = []
    for name, fact in FACTS.items():
        where = "`when`, `by`" if name in REQUEST_FACTS else "services"
        expected.append([f"`{name}`", "both" if name.startswith("time.") else where, fact.meaning])
    assert rows == expected


def test_the_rules_that_are_shown_and_the_policy_among_the_examples_are_in_order(root, read):
    shown = [block for block in read.blocks(root / "docs" / "policies.md") if block.language == "yaml"]
    assert shown
    for block in shown:
        assert read_rules(block.text.encode(), block.place).rules
    example = read_policy((root / "examples" / "policy.yaml").read_bytes(), "policy.yaml")
    assert {rule.effect for rule in example.rules} == set(get_args(Effect))


def test_every_entry_of_a_policys_file_is_told_with_what_it_is_when_left_out(root, read):
    text = (root / "docs" / "policies.md").read_text(encoding="utf-8")
    for name in PolicyJson.model_fields:
        assert f"`{'budget_usd' if name == 'budget_nanousd' else name}`" in text, name


def _refusal(what):
    with pytest.raises((ValueError, RegistryError, RoutingError)) as caught:
        what()
    return str(caught.value)


def test_what_is_said_of_bad_input_is_what_the_table_says(root, read):
    said = {row[0]: row[2].strip("`") for row in read.table(_policies(root), "bad input")}
    nobody = Decision(
        task_id=1, capability=Capability.TEXT, policy="p", policy_version=1, policy_id=1, snapshot_id=1,
        snapshot_version=1, candidates=(),
    )  # fmt: skip
    typo = b'rules:\n  - name: eu-data-stays\n    when: request.metdata.data == "z"\n    forbid: "true"\n'
    told = {
        "weights that are all 0": lambda: parse_objective("quality=0,cost=0"),
        "a weight below 0, or none at all": lambda: parse_objective("quality=-1"),
        "a weight or a target with a typo": lambda: parse_objective("qualty=1"),
        "a budget that is not in dollars": lambda: usd_from_text("5 EUR"),
        "a rule with a typo": lambda: read_rules(typo, "rules.yaml"),
    }
    for what, refused in told.items():
        assert said[what] in _refusal(refused), what
    assert said["a registry that is empty"] in str(NoCandidate(task_request("text", "x"), nobody))


def _policies(root):
    return root / "docs" / "policies.md"


def test_every_failure_class_is_told(root, read):
    rows = read.table(root / "docs" / "flow-authors.md", "failure classes")
    assert [code(row[0]) for row in rows] == list(FailureClass)


def test_every_part_of_the_data_directory_is_told(root, read, tmp_path):
    home = Home(tmp_path)
    rows = read.table(root / "docs" / "operators.md", "data directory")
    assert {code(row[0]) for row in rows} == {home.database.name, *(f"{part.name}/" for part in home.parts)}


def test_every_exit_code_is_told(root, read):
    def below(kind):
        return {kind.exit_code}.union(*(below(child) for child in kind.__subclasses__()))

    told = {int(row[0]) for row in read.table(root / "docs" / "operators.md", "exit codes")}
    assert told == {0, 2, 130} | below(GatewayError)


def test_every_link_of_a_page_leads_somewhere(page, read):
    dead = []
    for line, target in read.links(page):
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(read.prose(there))):
            dead.append(f"line {line}: {target}")
    assert not dead


def anchors(prose):
    """The names under which GitHub makes a page's headings reachable."""
    headings = [line.lstrip("#").strip().lower() for _, line in prose if re.match(r"#{1,6} ", line)]
    return {re.sub(r"[^\w -]", "", heading).replace(" ", "-") for heading in headings}


def test_every_page_can_be_reached_from_the_readme(root, pages, read):
    reached, waiting = set(), [root / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = [(page.parent / target.partition("#")[0]).resolve() for _, target in read.links(page)]
            waiting += [target for target in targets if target.suffix == ".md"]
    assert {page for page in pages if page.is_relative_to(root / "docs")} <= reached


@pytest.mark.parametrize("name", ["haiku.py", "three_lighthouses.py", "thought.txt", "policy.yaml"])
def test_every_example_is_shown_on_a_page(root, pages, name):
    assert (root / "examples" / name).is_file()
    assert any(f"examples/{name}" in page.read_text(encoding="utf-8") for page in pages)


def test_every_strategy_and_its_options_are_told(root, read):
    rows = read.table(root / "docs" / "strategies.md", "strategies")
    told = {code(row[0]): set(re.findall(r"\w+_\w+|names|shares|share|of", row[1])) for row in rows}
    assert told == {name: set(inspect.signature(make).parameters) for name, make in NAMED.items()}
