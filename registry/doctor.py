"""The doctor: looks at everything that Turnout stands on, and says in plain sentences what is wrong and what helps."""

from __future__ import annotations

import importlib.util
import logging
import os
import shutil
import stat
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from registry.clock import Clock, from_us, now_us
from registry.errors import HomeUnusable, RegistryError
from registry.home import Home
from registry.settings import mask_password
from registry.settings_sources import FILE_NAME, user_file_path

if TYPE_CHECKING:
    from registry.settings import Settings

logger = logging.getLogger(__name__)

ROOMS = ("registry", "blocks", "quality", "routing", "flows", "dashboards", "gateway")

_LITTLE_BYTES = 1_000_000_000
_TOO_LITTLE_BYTES = 100_000_000
_SECONDS_PER_DAY = 86_400
_OTHERS_MAY_READ = stat.S_IRGRP | stat.S_IROTH


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one look showed. ``remedy`` is what helps; empty where nothing has to be done."""

    name: str
    state: Literal["ok", "warning", "problem"]
    sentence: str
    remedy: str = ""


Examiner = Callable[["Settings"], Awaitable[Iterable[Finding]]]
"""Looks at one part of the whole. Other rooms hand theirs to :func:`examine`."""


async def examine(
    settings: Settings, examiners: Iterable[Examiner] = (), *, clock: Clock = time.time
) -> tuple[Finding, ...]:
    """Look at everything. Nothing is changed, made or migrated.

    Args:
        settings: what holds here.
        examiners: those of other rooms, called after our own. One that fails becomes a problem itself.
        clock: seconds since 1970.
    """
    from registry.doctor_database import examine_database

    async def database(settings: Settings) -> Iterable[Finding]:
        return await examine_database(settings, clock=clock)

    findings = [
        *examine_home(settings),
        *examine_settings_files(),
        examine_clock(clock),
        *examine_packages(),
    ]
    for examiner in (database, *examiners):
        findings.extend(await _asked(examiner, settings))
    return tuple(findings)


def examine_home(settings: Settings) -> tuple[Finding, ...]:
    """Whether the data directory can be written, is closed to others, and has room left."""
    home = Home(settings.home)
    name = "data directory"
    if not home.path.exists():
        sentence = f"{home.path} does not exist yet; the first run makes it."
        return Finding(name=name, state="ok", sentence=sentence), examine_disk(home.path)
    try:
        home.try_to_write()
    except HomeUnusable as error:
        remedy = "Give this account the right to write it, or name another one with TURNOUT_HOME."
        return (Finding(name=name, state="problem", sentence=f"{home.path} {error.reason}.", remedy=remedy),)
    return (
        Finding(name=name, state="ok", sentence=f"{home.path} can be written."),
        _rights(home.path),
        examine_disk(home.path),
    )


def examine_disk(path: Path, *, free_bytes: Callable[[Path], int] | None = None) -> Finding:
    """How much room the disk has on which ``path`` lies or will lie."""
    existing = next(candidate for candidate in (path, *path.parents) if candidate.exists())
    free = free_bytes(existing) if free_bytes else shutil.disk_usage(existing).free
    sentence = f"{free / 1e9:,.1f} GB are free on the disk of {existing}."
    if free >= _LITTLE_BYTES:
        return Finding(name="disk space", state="ok", sentence=sentence)
    remedy = "Free some space, or move the data directory with TURNOUT_HOME."
    state: Literal["warning", "problem"] = "problem" if free < _TOO_LITTLE_BYTES else "warning"
    return Finding(name="disk space", state=state, sentence=sentence, remedy=remedy)


def examine_settings_files(directory: Path | None = None, user_file: Path | None = None) -> tuple[Finding, ...]:
    """Whether the settings files can be read, and hold no password for all to see."""
    files = ((directory or Path.cwd()) / FILE_NAME, user_file or user_file_path())
    findings = tuple(_settings_file(path) for path in files if path.is_file())
    return findings or (Finding(name="settings files", state="ok", sentence="There is none; the defaults hold."),)


def examine_clock(clock: Clock = time.time) -> Finding:
    """Whether the clock is later than these files, which it must be."""
    now_seconds = clock()
    shown = f"The clock says {from_us(now_us(clock)):%Y-%m-%d %H:%M} UTC"
    if now_seconds < Path(__file__).stat().st_mtime - _SECONDS_PER_DAY:
        sentence = f"{shown}, which is before this Turnout was installed."
        return Finding(name="clock", state="problem", sentence=sentence, remedy="Set the clock; budgets go by it.")
    return Finding(name="clock", state="ok", sentence=f"{shown}.")


def examine_packages(root: Path | None = None) -> tuple[Finding, ...]:
    """Whether the generic names of our packages lead to ours: another ``routing`` may stand before it on the path.

    Cheap enough for every start: nothing is imported.
    """
    ours = (root or Path(__file__).parent.parent).resolve()
    problems = tuple(finding for room in ROOMS if (finding := _package(room, ours)) is not None)
    sentence = f"All {len(ROOMS)} packages are those of {ours}."
    return problems or (Finding(name="packages", state="ok", sentence=sentence),)


async def _asked(examiner: Examiner, settings: Settings) -> tuple[Finding, ...]:
    try:
        return tuple(await examiner(settings))
    except RegistryError as error:
        sentence = str(error)
    except Exception as error:
        # A doctor who faints at the sight of an illness helps nobody.
        logger.debug("an examination failed", exc_info=True)
        sentence = f"An examination itself failed: {type(error).__name__}: {error}"
    name = getattr(examiner, "__name__", type(examiner).__name__).removeprefix("examine_").replace("_", " ")
    return (Finding(name=name, state="problem", sentence=sentence, remedy="Report this sentence."),)


def _rights(path: Path) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & _OTHERS_MAY_READ:
        sentence = f"Other accounts of this machine may read {path} (its rights are {mode:04o})."
        return Finding(name="rights", state="warning", sentence=sentence, remedy=f"Run: chmod 700 {path}")
    return Finding(name="rights", state="ok", sentence=f"Only this account may read {path}.")


def _settings_file(path: Path) -> Finding:
    name = "settings files"
    if not os.access(path, os.R_OK):
        remedy = "Give this account the right to read it, or remove it."
        return Finding(name=name, state="problem", sentence=f"{path} cannot be read.", remedy=remedy)
    content = path.read_text(encoding="utf-8", errors="replace")
    holds_password = mask_password(content) != content
    if holds_password and stat.S_IMODE(path.stat().st_mode) & _OTHERS_MAY_READ:
        sentence = f"{path} seems to hold a password, and other accounts may read it."
        return Finding(name=name, state="warning", sentence=sentence, remedy=f"Run: chmod 600 {path}")
    return Finding(name=name, state="ok", sentence=f"{path} can be read.")


def _package(room: str, ours: Path) -> Finding | None:
    spec = importlib.util.find_spec(room)
    places = [Path(place).resolve() for place in (spec.submodule_search_locations or ())] if spec else []
    if ours / room in places:
        return None
    if spec is None:
        sentence = f"The package {room!r} is not installed."
        return Finding(name="packages", state="problem", sentence=sentence, remedy="Run: make setup")
    place = places[0] if places else spec.origin
    sentence = f"`import {room}` finds {place}, not Turnout's own in {ours}."
    remedy = "Remove or rename the other one, or give Turnout a virtual environment of its own."
    return Finding(name="packages", state="problem", sentence=sentence, remedy=remedy)
