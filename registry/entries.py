"""What people may type into the catalogue, checked before anything is written."""

from __future__ import annotations

import re
from dataclasses import fields
from difflib import get_close_matches
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from registry.errors import EntryInvalid
from registry.words import Capability, Price

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

KINDS_FOR_TESTS = frozenset({"fake"})
"""Kinds that answer from a script. They may be used, and are offered to nobody."""

LONGEST_NAME = 100
_SERVICE_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
# A model's name may carry versions and sizes (llama3.1:8b), but no slash: that parts it from its service.
_MODEL_NAME = re.compile(r"[a-z0-9][a-z0-9._:+-]*")
_CREDENTIAL = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|block:[a-z0-9][a-z0-9-]*")
_SECRET_WORDS = ("api_key", "apikey", "api-key", "authorization", "password", "secret", "token")
_LARGEST_NANOUSD = 2**63 - 1


def checked_service_name(name: str) -> str:
    """A service's name.

    Raises:
        EntryInvalid: it is not made of small letters, digits, ``_`` and ``-``.
    """
    if not _SERVICE_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        problem = f"{name[:LONGEST_NAME]!r} will not do: small letters, digits, _ and -, with a letter or digit first"
        raise EntryInvalid("the service's name", problem)
    return name


def checked_model_name(name: str) -> str:
    """A model's canonical name.

    Raises:
        EntryInvalid: it is not made of small letters, digits and ``. _ : + -``.
    """
    if not _MODEL_NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        problem = f"{name[:LONGEST_NAME]!r} will not do: small letters, digits and . _ : + -, a letter or digit first"
        raise EntryInvalid("the model's name", problem)
    return name


def checked_kind(kind: str, known: Collection[str] | None) -> str:
    """The kind of a service; any well-formed one where ``known`` is None.

    Raises:
        EntryInvalid: there is no such kind.
    """
    if not _SERVICE_NAME.fullmatch(kind) or len(kind) > LONGEST_NAME // 2:
        raise EntryInvalid("the kind", f"{kind[:LONGEST_NAME]!r} is no kind of service")
    if known is not None and kind not in known:
        offered = sorted(set(known) - KINDS_FOR_TESTS)
        raise EntryInvalid(
            "the kind", f"there is no kind {kind!r}{_nearest(kind, offered)}; there are {', '.join(offered)}"
        )
    return kind


def checked_endpoint(endpoint: str | None) -> str | None:
    """The address of a service, without a slash at its end.

    Raises:
        EntryInvalid: it is no http or https URL, or has a user and password in it.
    """
    if endpoint is None:
        return None
    try:
        parts = urlsplit(endpoint)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        parts, port_is_fine = urlsplit(""), False
    # The URL is not repeated: what people paste may have a key in it.
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine or re.search(r"\s", endpoint):
        raise EntryInvalid("the endpoint", "it must be a URL such as https://api.example.com/v1")
    if parts.username or parts.password:
        raise EntryInvalid("the endpoint", "leave user and password out, and name a credential instead")
    if parts.query or parts.fragment:
        raise EntryInvalid("the endpoint", "leave out what follows the path (? and #)")
    return endpoint.rstrip("/")


def checked_credential_ref(reference: str | None) -> str | None:
    """Where a secret is found.

    Raises:
        EntryInvalid: it is neither ``env:NAME`` nor ``block:name``; it may be the secret itself, so it is not repeated.
    """
    if reference is not None and not _CREDENTIAL.fullmatch(reference):
        problem = "name where the key is, env:OPENAI_API_KEY or block:openai; the key itself is never stored here"
        raise EntryInvalid("the credential", problem)
    return reference


def checked_label(field: str, label: str | None) -> str | None:
    """A region or a data policy.

    Raises:
        EntryInvalid: it is empty, or longer than 50 characters.
    """
    if label is not None and not 0 < len(label) <= LONGEST_NAME // 2:
        raise EntryInvalid(field, f"it has 1 to {LONGEST_NAME // 2} characters, not {len(label)}")
    return label


def checked_options(options: Mapping[str, object]) -> dict[str, object]:
    """A service's further options.

    Raises:
        EntryInvalid: one is named like a secret.
    """
    for name in options:
        if any(word in name.lower() for word in _SECRET_WORDS):
            raise EntryInvalid("the options", f"{name!r} looks like a secret; name a credential instead")
    return dict(options)


def checked_capabilities(capabilities: Iterable[str]) -> frozenset[Capability]:
    """What an offering can do.

    Raises:
        EntryInvalid: one is none of the eight, or there are none.
    """
    wanted = set(capabilities)
    known = [capability.value for capability in Capability]
    for name in sorted(wanted):
        if name not in known:
            raise EntryInvalid(
                "the capabilities", f"there is no {name!r}{_nearest(name, known)}; there are {', '.join(known)}"
            )
    if not wanted:
        raise EntryInvalid("the capabilities", "an offering needs at least one")
    return frozenset(Capability(name) for name in wanted)


def checked_measures(
    *, quality: float, latency_ms: float, context_window: int | None, max_output_tokens: int | None
) -> None:
    """The figures of an offering.

    Raises:
        EntryInvalid: one lies outside what it can be.
    """
    if not 0 <= quality <= 1:
        raise EntryInvalid("the quality", f"it lies in 0..1, not at {quality}")
    if not 0 <= latency_ms < float("inf"):
        raise EntryInvalid("the latency", f"it is at least 0 ms, not {latency_ms}")
    for field, tokens in (("the context window", context_window), ("the longest output", max_output_tokens)):
        if tokens is not None and not 0 < tokens < 2**31:
            raise EntryInvalid(field, f"it is a number of tokens above 0, not {tokens}")


def checked_price(price: Price) -> Price:
    """A price.

    Raises:
        EntryInvalid: a part of it is negative, or beyond what a 64-bit integer holds.
    """
    for field in fields(price):
        amount = getattr(price, field.name)
        if isinstance(amount, int) and not 0 <= amount <= _LARGEST_NANOUSD:
            raise EntryInvalid("the price", f"{field.name} cannot be {amount}")
    return price


def _nearest(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
