"""What ships, as the seed file tells it: services, their offerings and prices."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, time
from importlib.resources import files
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, ValidationError

from registry.errors import EntryInvalid
from registry.words import Price, usd_to_nanousd

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeedPrices(_Entry):
    """Where the prices come from, and from which day on they are right."""

    source: str
    valid_from: date


class SeedOffering(_Entry):
    """An offering; prices in US dollars, as decimal text."""

    model: str
    remote_name: str | None = None
    family: str = ""
    capabilities: list[str]
    features: list[str] = []
    context_window: int | None = None
    max_output_tokens: int | None = None
    accepted_params: list[str] = []
    quality: float
    latency_ms: float
    free: bool = False
    input_usd_per_mtok: str | None = None
    cached_input_usd_per_mtok: str | None = None
    output_usd_per_mtok: str | None = None

    def price(self, origin: SeedPrices) -> Price | None:
        """What it costs; None where that is not known."""
        if self.free:
            return Price(source="runs on this machine")
        if self.input_usd_per_mtok is None or self.output_usd_per_mtok is None:
            return None
        cached = self.cached_input_usd_per_mtok
        return Price(
            input_nanousd_per_mtok=usd_to_nanousd(self.input_usd_per_mtok),
            output_nanousd_per_mtok=usd_to_nanousd(self.output_usd_per_mtok),
            cached_input_nanousd_per_mtok=None if cached is None else usd_to_nanousd(cached),
            valid_from=datetime.combine(origin.valid_from, time(), tzinfo=UTC),
            source=origin.source,
        )


class SeedService(_Entry):
    """A service with its offerings."""

    name: str
    kind: str
    endpoint: str | None = None
    enabled: bool = False
    credential_ref: str | None = None
    region: str | None = None
    data_policy: str | None = None
    priority: int = 100
    offerings: list[SeedOffering]


class Seed(_Entry):
    """Everything in the file."""

    prices: SeedPrices
    services: list[SeedService]

    def offerings(self) -> Iterator[tuple[SeedService, SeedOffering, Price | None]]:
        """Every offering, with its service and its price."""
        for service in self.services:
            for offering in service.offerings:
                yield service, offering, offering.price(self.prices)


def read_seed(text: str | None = None) -> Seed:
    """The seed in a text, or in the file that ships.

    Raises:
        EntryInvalid: the text is no TOML, or says something that a seed does not.
    """
    if text is None:
        text = files("registry").joinpath("seeds/catalogue.toml").read_text(encoding="utf-8")
    try:
        return Seed.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise EntryInvalid("the seed file", str(error)) from error
