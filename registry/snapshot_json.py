"""A snapshot as canonical JSON, and back."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from registry.clock import from_us, to_us
from registry.errors import RecordUnreadable
from registry.words import Capability, Model, Offering, Price, Service, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = 1


def snapshot_to_bytes(offerings: Iterable[Offering]) -> bytes:
    """The catalogue as canonical JSON: the same offerings give the same bytes. It holds no secret, only references."""
    ordered = sorted(offerings, key=lambda offering: offering.offering_id)
    services = {offering.service.service_id: offering.service for offering in ordered}
    models = {offering.model.model_id: offering.model for offering in ordered}
    content = {
        "format": FORMAT,
        "services": [_service_to_json(services[service_id]) for service_id in sorted(services)],
        "models": [_fields(models[model_id], ("model_id", "name", "family")) for model_id in sorted(models)],
        "offerings": [_offering_to_json(offering) for offering in ordered],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def snapshot_from_bytes(content: bytes, *, snapshot_id: int = 0, version: int = 0) -> Snapshot:
    """The snapshot in canonical JSON.

    Raises:
        RecordUnreadable: the bytes are no snapshot, or one of a newer format.
    """
    try:
        raw = json.loads(content)
        if raw["format"] != FORMAT:
            raise RecordUnreadable("snapshot", f"its format is {raw['format']}, and only {FORMAT} is known")
        services = {service["service_id"]: Service(**service) for service in raw["services"]}
        models = {model["model_id"]: Model(**model) for model in raw["models"]}
        offerings = tuple(_offering_from_json(one, services, models) for one in raw["offerings"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RecordUnreadable("snapshot", f"{type(error).__name__}: {error}") from error
    return Snapshot(snapshot_id=snapshot_id, version=version, digest=digest_of(content), offerings=offerings)


def digest_of(content: bytes) -> str:
    """The SHA-256 of canonical JSON, in hex."""
    return hashlib.sha256(content).hexdigest()


def _fields(value: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _service_to_json(service: Service) -> dict[str, Any]:
    names = ("service_id", "name", "kind", "endpoint", "enabled", "credential_ref", "region", "data_policy", "priority")
    return _fields(service, names) | {"options": dict(service.options)}


def _offering_to_json(offering: Offering) -> dict[str, Any]:
    plain = ("offering_id", "remote_name", "context_window", "max_output_tokens", "quality", "latency_ms", "enabled")
    return _fields(offering, (*plain, "successor")) | {
        "service_id": offering.service.service_id,
        "model_id": offering.model.model_id,
        "capabilities": sorted(offering.capabilities),
        "features": sorted(offering.features),
        "accepted_params": sorted(offering.accepted_params),
        "price": None if offering.price is None else _price_to_json(offering.price),
        "retires_at_us": None if offering.retires_at is None else to_us(offering.retires_at),
    }


def _offering_from_json(raw: dict[str, Any], services: Mapping[int, Service], models: Mapping[int, Model]) -> Offering:
    rest = dict(raw)
    retires_at_us, price = rest.pop("retires_at_us"), rest.pop("price")
    return Offering(
        service=services[rest.pop("service_id")],
        model=models[rest.pop("model_id")],
        capabilities=frozenset(Capability(name) for name in rest.pop("capabilities")),
        features=frozenset(rest.pop("features")),
        accepted_params=frozenset(rest.pop("accepted_params")),
        price=None if price is None else _price_from_json(price),
        retires_at=None if retires_at_us is None else from_us(retires_at_us),
        **rest,
    )


def _price_to_json(price: Price) -> dict[str, Any]:
    names = (
        "input_nanousd_per_mtok",
        "output_nanousd_per_mtok",
        "cached_input_nanousd_per_mtok",
        "picture_nanousd",
        "call_nanousd",
        "source",
    )
    return _fields(price, names) | {"valid_from_us": None if price.valid_from is None else to_us(price.valid_from)}


def _price_from_json(raw: dict[str, Any]) -> Price:
    rest = dict(raw)
    valid_from_us = rest.pop("valid_from_us")
    return Price(valid_from=None if valid_from_us is None else from_us(valid_from_us), **rest)
