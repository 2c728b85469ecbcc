"""What the command line adds to the doctor's look: the local model, the credentials, the versions of packages."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from registry import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from registry import Examiner, Settings
    from registry.words import Service

# Newer ones of these break Prefect's server or its scheduler without a word, so the doctor names them by name.
_TRICKY = frozenset({"prefect", "fastapi", "sqlalchemy"})


async def examine_local_model(settings: Settings) -> Iterable[Finding]:
    """Whether the file of the local model is there and whole."""
    from blocks import ServiceFailure, find_model
    from blocks.local import check_model

    name = "local model"
    try:
        path = find_model(settings.local_model_path)
        await asyncio.to_thread(check_model, path)
    except ServiceFailure as failure:
        sentence, _, remedy = failure.message.partition("; ")
        return (Finding(name=name, state="problem", sentence=_upper(sentence), remedy=_upper(remedy)),)
    sentence = f"{path.name} is whole ({path.stat().st_size / 1e6:,.0f} MB)."
    return (Finding(name=name, state="ok", sentence=sentence),)


async def examine_credentials(settings: Settings) -> Iterable[Finding]:
    """Whether each enabled service has its credential. The database is read as it is: not made, not migrated."""
    from blocks import CredentialSource

    services = await _services(settings)
    source = CredentialSource()
    findings = []
    for service in services:
        if service.enabled and service.credential_ref and not await source.present(service.credential_ref):
            sentence = f"{service.name} is enabled, but {service.credential_ref} leads to no key."
            remedy = f"Set it, or run: turnout services disable {service.name}"
            findings.append(Finding(name="credentials", state="warning", sentence=sentence, remedy=remedy))
    enabled = sum(service.enabled for service in services)
    if services and not enabled:
        remedy = "Run: turnout services enable local"
        findings.append(Finding(name="services", state="warning", sentence="No service is enabled.", remedy=remedy))
    if not findings and services:
        sentence = f"Each of the {enabled} enabled services has what it needs."
        findings.append(Finding(name="credentials", state="ok", sentence=sentence))
    return findings


async def examine_versions(settings: Settings) -> Iterable[Finding]:  # noqa: ARG001 - an examiner's signature
    """Whether the installed packages are those that Turnout was tried with: its own metadata says which."""
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    name = "versions"
    try:
        wanted = [Requirement(line) for line in requires("turnout") or ()]
    except PackageNotFoundError:
        sentence = "Turnout is not installed as a package, so the versions it needs are not known here."
        return (Finding(name=name, state="warning", sentence=sentence, remedy="Run: make setup"),)
    findings = []
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            sentence = f"{requirement.name} is not installed."
        else:
            if requirement.specifier.contains(found, prereleases=True):
                continue
            sentence = f"{requirement.name} is {found}, and Turnout needs {requirement.specifier}."
            if requirement.name in _TRICKY:
                sentence += " Others break Prefect's server or its scheduler without a word."
        findings.append(Finding(name=name, state="problem", sentence=sentence, remedy="Run: make setup"))
    if not findings:
        sentence = f"All {len(wanted)} packages are of versions that Turnout was tried with."
        findings.append(Finding(name=name, state="ok", sentence=sentence))
    return findings


EXAMINERS: tuple[Examiner, ...] = (examine_local_model, examine_credentials, examine_versions)


async def _services(settings: Settings) -> tuple[Service, ...]:
    from registry import Catalogue, Store, StoreError
    from registry.database_url import parse_database_url
    from registry.schema import TURNOUT_SCHEMA, recorded_version

    if settings.store_url.startswith("sqlite") and not await asyncio.to_thread(_sqlite_exists, settings):
        return ()
    store = Store(parse_database_url(settings.store_url))
    try:
        async with store.read() as connection:
            if await recorded_version(connection) != TURNOUT_SCHEMA.head:
                return ()
        return await Catalogue(store, time.time).services()
    except StoreError:
        # The examination of the database has said so already.
        return ()
    finally:
        await store.close()


def _sqlite_exists(settings: Settings) -> bool:
    from registry.database_url import parse_database_url, sqlite_path

    path = sqlite_path(parse_database_url(settings.store_url))
    return path.exists() and path.stat().st_size > 0


def _upper(sentence: str) -> str:
    text = sentence[:1].upper() + sentence[1:]
    return text if not text or text.endswith(".") else f"{text}."
