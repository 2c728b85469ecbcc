"""Policies and rules from YAML files: bounded in size and depth, refused with the line to blame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from registry import Policy, PolicyInvalid, usd_to_nanousd
from registry.policy_json import check_conditions, check_name, parsed_policy
from routing.errors import RulesInvalid
from routing.strategies import strategy_named

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST_BYTES = 100_000
DEEPEST = 12
MOST_NODES = 10_000

Path = tuple[str | int, ...]
Lines = dict[Path, int]

_DEFAULTS: dict[str, Any] = {"objective": {"quality": 0.7, "cost": 0.1, "speed": 0.2}, "deadline_seconds": 120.0}


def read_policy(content: bytes, source: str) -> Policy:
    """A policy from a file. ``source`` names the file in messages.

    Raises:
        RulesInvalid: it is no YAML, too large, or something in it makes no sense; the message names the line.
    """
    given, lines = _read(content, source)
    if "policy" not in given:
        raise RulesInvalid(source, 1, "it names no policy: begin with a line such as `policy: careful`")
    name = given.pop("policy")
    if not isinstance(name, str):
        raise RulesInvalid(source, lines[("policy",)], f"policy: {name!r} is no name")
    return _policy(name, given, lines, source)


def read_rules(content: bytes, source: str) -> Policy:
    """The rules of a file, which may be a policy or hold nothing but ``rules`` and a ``zone``; in a policy.

    Raises:
        RulesInvalid: as :func:`read_policy`; or it has no rules.
    """
    given, lines = _read(content, source)
    if not given.get("rules"):
        raise RulesInvalid(source, 1, "it has no rules: write `rules:` and a list of them below")
    name = given.pop("policy", source.rpartition("/")[2].partition(".")[0] or "rules")
    return _policy(str(name).replace("+", " "), given, lines, source)


def _policy(name: str, given: dict[str, Any], lines: Lines, source: str) -> Policy:
    content = _DEFAULTS | given
    if "budget_usd" in content:
        content["budget_nanousd"] = _budget(content.pop("budget_usd"), lines, source)
    try:
        check_name(name)
        policy = parsed_policy(name, content).policy(name)
        check_conditions(policy)
        strategy_named(policy.strategy, policy.options)
    except PolicyInvalid as error:
        line = _line_of(error.path, lines) + error.line - 1
        place = f"{error.place}: " if error.place and not error.problem.startswith("rule ") else ""
        raise RulesInvalid(source, line, f"{place}{error.problem}") from error
    except ValueError as error:
        raise RulesInvalid(source, _blamed(str(error), content, lines), str(error)) from error
    return policy


def _budget(amount: Any, lines: Lines, source: str) -> int:
    try:
        return usd_to_nanousd(str(amount))
    except (ArithmeticError, ValueError):
        line = lines[("budget_usd",)]
        raise RulesInvalid(source, line, f"budget_usd: {amount!r} is no amount in dollars, such as 0.05") from None


def _blamed(problem: str, content: dict[str, Any], lines: Lines) -> int:
    """The line of a problem with the whole: that of the entry it names, of several the last."""
    named: list[Path] = [path for path in lines if len(path) == 1 and str(path[0]) in problem]
    rules = content.get("rules") or ()
    named += [
        ("rules", place)
        for place, rule in enumerate(rules if isinstance(rules, list) else ())
        if isinstance(rule, dict) and problem.endswith(f" {rule.get('name')}")
    ]
    return lines.get(named[-1], 1) if named else 1


def _line_of(path: Path, lines: Lines) -> int:
    """The line of a value, or of the closest around it that is written down."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _read(content: bytes, source: str) -> tuple[dict[str, Any], Lines]:
    """The file's mapping, and the line of every value in it by its path."""
    if len(content) > LARGEST_BYTES:
        raise RulesInvalid(source, 1, f"it is larger than {LARGEST_BYTES:,} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise RulesInvalid(source, line, f"byte {error.start + 1} is not UTF-8") from None
    try:
        _check_shape(text, source)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        lines: Lines = {}
        value = {} if node is None else _value(node, (), lines, source)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = str(getattr(error, "problem", None) or "it is no YAML")
        raise RulesInvalid(source, mark.line + 1 if mark else 1, problem) from None
    if not isinstance(value, dict):
        raise RulesInvalid(source, 1, "it is no mapping of names to values")
    return value, lines


def _check_shape(text: str, source: str) -> None:
    """That it is neither deep nor many-headed: looked at piece by piece, before anything is built."""
    depth = nodes = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RulesInvalid(source, line, "anchors and aliases (& and *) are not taken; write it out")
        if isinstance(event, yaml.NodeEvent):
            nodes += 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST or nodes > MOST_NODES:
            raise RulesInvalid(source, line, f"it is nested over {DEEPEST} deep, or has over {MOST_NODES:,} values")


def _value(node: yaml.Node, path: Path, lines: Lines, source: str) -> Any:
    """A node as a plain value. Rules that span lines are counted from their first."""
    lines[path] = node.start_mark.line + 1 + (getattr(node, "style", None) in {"|", ">"})
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, (*path, place), lines, source) for place, one in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return dict(_entries(node, path, lines, source))
    return _scalar(node)


def _entries(node: yaml.MappingNode, path: Path, lines: Lines, source: str) -> Iterator[tuple[str, Any]]:
    seen = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = key.value
        if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
            raise RulesInvalid(source, line, "a name is a plain text here")
        if name in seen:
            raise RulesInvalid(source, line, f"{name} stands there twice")
        seen.add(name)
        yield name, _value(value, (*path, name), lines, source)


def _scalar(node: yaml.Node) -> Any:
    loader = yaml.SafeLoader("")
    try:
        value = loader.construct_object(node)
    except ValueError as error:  # a date such as 2026-99-99
        raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from error
    finally:
        loader.dispose()
    return value if value is None or isinstance(value, (str, int, float, bool)) else node.value
