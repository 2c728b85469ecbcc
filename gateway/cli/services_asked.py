"""What services say when they are asked whether they are up, and servers that were found, for people and machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gateway.cli.tables import Column, say_table, say_text
from gateway.cli.terminal import say
from gateway.discovering import in_words
from routing.wording import out_in_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from registry import KeptServer
    from routing.probing import ProbedService

_UP = Column(title="state", colours={"up": "green", "down": "red"})


def say_probes(found: Sequence[ProbedService]) -> None:
    """Print what services said."""
    if not found:
        say("No service is enabled. `turnout services list` shows which there are.")
        return
    say_table(
        (Column(title="service"), _UP, Column(title="took", right=True), Column(title="says", wraps=True)),
        [(one.service, _state(one), _took(one), one.message) for one in found],
    )
    woken = [(one.service, cooldown) for one in found for cooldown in one.woken]
    if woken:
        say()
    for name, cooldown in woken:
        say_text(f"{name} was {out_in_words(cooldown)}. It is called again.")


def probes_as_json(found: Sequence[ProbedService]) -> list[dict[str, Any]]:
    """What services said, for machines."""
    return [
        {
            "name": one.service,
            "up": None if one.probe is None else one.probe.ok,
            "message": one.message,
            "latency_ms": None if one.probe is None else one.probe.latency_us / 1_000,
            "woken": bool(one.woken),
        }
        for one in found
    ]


def say_found(kept: tuple[KeptServer, ...]) -> None:
    """Print the servers that were found."""
    if not kept:
        say("No AI server answers on this machine, at any port where they usually listen.")
        return
    say_table(
        (
            Column(title="server"),
            Column(title="endpoint"),
            Column(title="service"),
            Column(title="state", colours={"enabled": "green"}),
            Column(title="models", wraps=True, dispensable=1),
        ),
        [
            (
                one.found.product,
                one.found.endpoint,
                one.service or "-",
                _kept_state(one),
                ", ".join(model.name for model in one.found.models) or "none",
            )
            for one in kept
        ],
    )
    sentence = in_words(kept)
    if sentence:
        say()
        say(sentence)


def found_as_json(kept: Sequence[KeptServer]) -> list[dict[str, Any]]:
    """The servers that were found, for machines."""
    return [
        {
            "product": one.found.product,
            "endpoint": one.found.endpoint,
            "state": one.state,
            "service": one.service or None,
            "enabled": one.enabled,
            "models": [model.name for model in one.found.models],
            "new_models": list(one.new_models),
        }
        for one in kept
    ]


def _state(one: ProbedService) -> str:
    if one.probe is None:
        return "not asked"
    return "up" if one.probe.ok else "down"


def _took(one: ProbedService) -> str:
    return "-" if one.probe is None else f"{one.probe.latency_us / 1_000:.0f} ms"


def _kept_state(one: KeptServer) -> str:
    if one.state == "removed":
        return "removed here before"
    return "enabled" if one.enabled else "found, disabled"
