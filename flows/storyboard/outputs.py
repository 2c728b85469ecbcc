"""The results on disk: page, JSON, CSV and contact sheet, each whole or not there at all."""

from __future__ import annotations

import csv
import fcntl
import hashlib
import io
import json
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.errors import OutputFailed, StoryboardIncomplete
from flows.storyboard.contact_sheet import make_contact_sheet
from flows.storyboard.grounding import alike
from flows.storyboard.page import render_page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flows.storyboard.words import Storyboard

PAGE, JSON_FILE, CSV_FILE, CONTACT_SHEET = "storyboard.html", "storyboard.json", "storyboard.csv", "contact_sheet.png"

_MAKING = ".storyboard-"
_CSV_COLUMNS = (
    "number", "shot_id", "scene_id", "setting", "time_of_day", "shot_type", "camera_motion", "characters",
    "description", "source_text", "description_by", "picture_by", "picture_sha256",
)  # fmt: skip
# Spreadsheets run a cell that begins with one of these as a formula; some do after white space too.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - the wide forms count too


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """Where the results lie."""

    page: Path
    json: Path
    csv: Path
    contact_sheet: Path


def check_complete(storyboard: Storyboard, pictures: Mapping[str, bytes]) -> None:
    """That every shot has its panel and picture, and that no two shots are the same.

    Raises:
        StoryboardIncomplete: it is not so.
    """
    panels = {panel.shot_id: panel for panel in storyboard.panels}
    for index, shot in enumerate(storyboard.shots):
        panel = panels.get(shot.shot_id)
        if panel is None or shot.shot_id not in pictures:
            raise StoryboardIncomplete(f"{shot.shot_id} has no picture")
        if hashlib.sha256(pictures[shot.shot_id]).hexdigest() != panel.digest:
            raise StoryboardIncomplete(f"the picture of {shot.shot_id} is another than its panel says")
        for other in storyboard.shots[:index]:
            if shot.description.casefold() == other.description.casefold():
                raise StoryboardIncomplete(f"{other.shot_id} and {shot.shot_id} are the same")
            if shot.origin_of("description") == "model" and alike(shot.description, other.description):
                raise StoryboardIncomplete(f"{other.shot_id} and {shot.shot_id} say the same")


def write_outputs(storyboard: Storyboard, pictures: Mapping[str, bytes], directory: Path) -> Outputs:
    """Write everything into ``directory``, which is made where it is missing. Blocks: call it in a thread.

    All files are made in a folder beside their places first, and then moved there one by one; earlier results are
    replaced only when all new ones are whole.

    Raises:
        StoryboardIncomplete: see :func:`check_complete`; nothing is written.
        OutputFailed: no permission, no space, or something else is in the way.
    """
    check_complete(storyboard, pictures)
    contents = {
        JSON_FILE: json.dumps(storyboard.to_json(), ensure_ascii=False, indent=2).encode() + b"\n",
        CSV_FILE: make_csv(storyboard).encode("utf-8-sig"),
        CONTACT_SHEET: make_contact_sheet(storyboard.shots, pictures),
        PAGE: render_page(storyboard, pictures).encode(),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        blocked = next((name for name in contents if (directory / name).is_dir()), None)
        if blocked is not None:
            raise OutputFailed(directory, f"{blocked!r} is a folder there")
        _put(contents, directory)
    except OSError as error:
        raise OutputFailed(directory, error.strerror or type(error).__name__) from error
    return Outputs(
        page=directory / PAGE,
        json=directory / JSON_FILE,
        csv=directory / CSV_FILE,
        contact_sheet=directory / CONTACT_SHEET,
    )


def _put(contents: Mapping[str, bytes], directory: Path) -> None:
    _sweep(directory)
    making = Path(tempfile.mkdtemp(prefix=_MAKING, dir=directory))
    # The lock says that somebody is at work here. It ends with the process, however that one ends.
    lock = os.open(making, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for name, content in contents.items():
            with (making / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for name in contents:
            (making / name).replace(directory / name)
    finally:
        shutil.rmtree(making, ignore_errors=True)
        os.close(lock)


def _sweep(directory: Path) -> None:
    """Remove what processes that were killed in the middle of writing have left there."""
    for left in directory.glob(f"{_MAKING}*"):
        with suppress(OSError):  # held by a process at work, or gone meanwhile
            lock = os.open(left, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(left, ignore_errors=True)
            finally:
                os.close(lock)


def make_csv(storyboard: Storyboard) -> str:
    """The shots as CSV (RFC 4180), one a row, with cells that no spreadsheet takes for formulas."""
    scenes = {scene.scene_id: scene for scene in storyboard.scenes}
    panels = {panel.shot_id: panel for panel in storyboard.panels}
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_CSV_COLUMNS)
    for shot in storyboard.shots:
        scene, panel = scenes[shot.scene_id], panels[shot.shot_id]
        writer.writerow(
            safe_cell(str(value))
            for value in (
                shot.number, shot.shot_id, shot.scene_id, scene.setting, scene.time_of_day, shot.shot_type,
                shot.camera_motion, "; ".join(shot.characters), shot.description, shot.source_text,
                shot.offering if shot.origin_of("description") == "model" else "source", panel.offering, panel.digest,
            )
        )  # fmt: skip
    return out.getvalue()


def safe_cell(text: str) -> str:
    """A cell that a spreadsheet shows and does not run: an apostrophe goes before what begins like a formula.

    >>> safe_cell("=1+1"), safe_cell("a quiet sea")
    ("'=1+1", 'a quiet sea')
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) or text.lstrip().startswith(_FORMULA_STARTS) else text
