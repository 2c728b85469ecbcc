"""What there is to choose from: services, models, offerings, and the snapshot that decisions are made on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from registry.words.capability import Capability
    from registry.words.usage import Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """An account at a provider behind an endpoint. ``kind`` names the block that speaks to it.

    ``credential_ref`` says where the secret is found (``env:OPENAI_API_KEY``, ``block:openai``), never the secret;
    None means that the service needs none.
    """

    service_id: int
    name: str
    kind: str
    endpoint: str | None = None
    enabled: bool = False
    credential_ref: str | None = None
    region: str | None = None
    data_policy: str | None = None
    priority: int = 100
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A canonical model (family and snapshot): what quality is known about, whoever hosts it."""

    model_id: int
    name: str
    family: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """A model at a service: what it can do there, within which limits, at what price.

    ``remote_name`` is what the provider calls the model. A ``context_window`` or ``max_output_tokens`` of None is
    not known or does not apply. ``quality`` is the expected quality in 0..1 and ``latency_ms`` the expected time of a
    call, both as first guesses from the catalogue until scores and the ledger know better. ``price`` of None is
    unknown, which is not the same as free.
    """

    offering_id: int
    service: Service
    model: Model
    remote_name: str
    capabilities: frozenset[Capability]
    features: frozenset[str] = frozenset()
    context_window: int | None = None
    max_output_tokens: int | None = None
    accepted_params: frozenset[str] = frozenset()
    price: Price | None = None
    quality: float = 0.5
    latency_ms: float = 1_000.0
    enabled: bool = True
    retires_at: datetime | None = None
    successor: str | None = None

    @property
    def name(self) -> str:
        """The offering as people pin it: ``service/model``."""
        return f"{self.service.name}/{self.model.name}"

    def answers_to(self, name: str) -> bool:
        """Whether work that is pinned to that name may go here: a service, an offering, or a model wherever it is."""
        return name in {self.service.name, self.model.name, self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole catalogue at one version, immutable. ``digest`` is the SHA-256 of its canonical JSON, in hex."""

    snapshot_id: int
    version: int
    digest: str
    offerings: tuple[Offering, ...]

    def offering(self, offering_id: int) -> Offering:
        """The offering with that id.

        Raises:
            KeyError: the snapshot has none.
        """
        for offering in self.offerings:
            if offering.offering_id == offering_id:
                return offering
        raise KeyError(offering_id)
