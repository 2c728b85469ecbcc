"""What is kept out for a while after a failure: an offering, or the whole account that it belongs to."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry.words.catalogue import Offering, Service


class Out(NamedTuple):
    """An offering by its id, or, where that is 0, an account by its name."""

    offering_id: int
    account: str = ""

    @classmethod
    def of(cls, offering: Offering) -> Out:
        """The offering alone."""
        return cls(offering.offering_id)

    @classmethod
    def with_account(cls, service: Service) -> Out:
        """All that shares the money and the key of a service."""
        return cls(0, account_of(service))


def outs_of(service: Service, offerings: Iterable[Offering]) -> tuple[Out, ...]:
    """All that may keep a service out: its account, and each of its offerings."""
    own = [Out.of(offering) for offering in offerings if offering.service.service_id == service.service_id]
    return (Out.with_account(service), *own)


def account_of(service: Service) -> str:
    """What shares its money and its key with others: the endpoint's host with the credential, else the service.

    The credential by its reference, never itself.

    >>> from registry.words.catalogue import Service
    >>> account_of(Service(service_id=3, name="a", kind="b", endpoint="https://API.x.com/v1", credential_ref="env:KEY"))
    'api.x.com env:KEY'
    >>> account_of(Service(service_id=3, name="a", kind="b"))
    'service 3'
    """
    if service.credential_ref is None:
        return f"service {service.service_id}"
    return _account(service.endpoint or "", service.credential_ref)


@lru_cache(maxsize=1_024)
def _account(endpoint: str, credential_ref: str) -> str:
    return f"{urlsplit(endpoint).netloc.rpartition('@')[2].lower()} {credential_ref}"
