"""Adding a service from the command line: what was typed, checked as a whole and put in, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from registry import EntryInvalid
from registry.words import Price, usd_to_nanousd

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from gateway.cli.opening import Opened
    from registry import Catalogue
    from registry.words import Offering

# Variables are named in capitals with underscores. Long strings of mixed letters and digits are what keys look like.
_LOOKS_LIKE_KEY = re.compile(
    r"(?=\S*[a-z])(?=\S*\d)(?:sk|pk|rk|key|gh[pousr]|hf|xai|AKIA)[-_]?\S{12,}"
    r"|(?=\S*[a-z])(?=\S*[A-Z])(?=\S*\d)\S{20,}"
)
_ASSIGNED = re.compile(r"[A-Z_][A-Z0-9_]*=[^=]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewService:
    """The account to add. ``key`` says where its key is found: ``env:NAME`` or ``block:name``."""

    name: str
    kind: str
    endpoint: str | None
    key: str | None
    region: str | None
    data_policy: str | None
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFigures:
    """What all models of the new service share. Prices are US dollars, for tokens per million; None is unknown."""

    capabilities: tuple[str, ...]
    features: tuple[str, ...]
    params: tuple[str, ...]
    context_window: int | None
    max_output_tokens: int | None
    price_in_usd: Decimal | None
    price_out_usd: Decimal | None
    price_picture_usd: Decimal | None
    price_call_usd: Decimal | None
    quality: float
    latency_ms: float

    def price(self) -> Price | None:
        """The price; None where nothing at all was said about it."""
        amounts = (self.price_in_usd, self.price_out_usd, self.price_picture_usd, self.price_call_usd)
        if all(amount is None for amount in amounts):
            return None
        tokens_in, tokens_out, picture, call = (usd_to_nanousd(amount or 0) for amount in amounts)
        return Price(
            input_nanousd_per_mtok=tokens_in,
            output_nanousd_per_mtok=tokens_out,
            picture_nanousd=picture,
            call_nanousd=call,
            source="command line",
        )


async def add_service(
    opened: Opened, new: NewService, figures: ModelFigures, models: Sequence[str]
) -> tuple[Offering, ...]:
    """Put in the service, its models and their prices.

    Raises:
        EntryInvalid: something typed will not do, or looks like a secret; nothing was added.
        AlreadyThere: a service bears that name.
    """
    from registry import Catalogue

    _refuse_secrets(new)
    named = parse_models(models)
    kinds = _known_kinds()
    if new.kind == "openai_compatible" and new.endpoint is None:
        raise EntryInvalid("the endpoint", "a service of kind 'openai_compatible' needs --endpoint URL")
    catalogue = Catalogue(opened.store, opened.clock, kinds=kinds, workspace=opened.settings.workspace)
    await catalogue.add_service(
        new.name,
        new.kind,
        endpoint=new.endpoint,
        credential_ref=new.key,
        region=new.region,
        data_policy=new.data_policy,
        priority=new.priority,
    )
    try:
        return await _put_offerings(catalogue, new.name, named, figures)
    except BaseException:
        # A service without its models is half an answer: take it away again, and say what was wrong.
        await catalogue.remove_service(new.name)
        raise


def parse_models(specs: Sequence[str]) -> dict[str, str]:
    """The canonical names of some models with the provider's names for them.

    >>> parse_models(["meta-llama/Llama-3.3-70B", "gpt-4o=gpt-4o-2024-11-20"])
    {'llama-3.3-70b': 'meta-llama/Llama-3.3-70B', 'gpt-4o-2024-11-20': 'gpt-4o'}

    Raises:
        EntryInvalid: one is empty, or two have the same name.
    """
    named: dict[str, str] = {}
    for spec in specs:
        remote, _, name = spec.partition("=")
        name = name or remote.rstrip("/").rpartition("/")[2].lower()
        if not remote or not name:
            raise EntryInvalid("--model", f"{spec!r} names no model; write --model REMOTE or --model REMOTE=NAME")
        if name in named:
            raise EntryInvalid("--model", f"{named[name]!r} and {remote!r} would both be called {name!r} here")
        named[name] = remote
    return named


async def _put_offerings(
    catalogue: Catalogue, service: str, named: dict[str, str], figures: ModelFigures
) -> tuple[Offering, ...]:
    price = figures.price()
    offerings = []
    for name, remote in named.items():
        offering = await catalogue.put_offering(
            service,
            name,
            remote_name=remote,
            capabilities=figures.capabilities,
            features=figures.features,
            accepted_params=figures.params,
            context_window=figures.context_window,
            max_output_tokens=figures.max_output_tokens,
            quality=figures.quality,
            latency_ms=figures.latency_ms,
        )
        offerings.append(offering if price is None else await catalogue.put_price(offering.name, price))
    return tuple(offerings)


def _refuse_secrets(new: NewService) -> None:
    """Refuse a key where its place should be named. It is not repeated: what is printed is often kept."""
    place = (new.key or "").partition(":")[2] or (new.key or "")
    if _ASSIGNED.match(place):
        problem = (
            "give the variable's name alone, without = and its value: --key env:MY_API_KEY. The value stays outside"
        )
        raise EntryInvalid("--key", problem)
    if _LOOKS_LIKE_KEY.fullmatch(place):
        problem = (
            "that looks like the key itself, which the shell now has in its history; put it into an environment "
            "variable and name that: --key env:MY_API_KEY"
        )
        raise EntryInvalid("--key", problem)


def _known_kinds() -> frozenset[str]:
    from importlib.metadata import entry_points

    from blocks.kinds import BUILT_IN, ENTRY_POINT_GROUP

    return frozenset(BUILT_IN) | entry_points(group=ENTRY_POINT_GROUP).names
