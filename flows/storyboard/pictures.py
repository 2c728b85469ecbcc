"""The pictures: one request a shot, and the panel that comes of it."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field

from flows.errors import PictureMissing
from flows.storyboard.prompts import PROMPT_VERSION
from flows.storyboard.script import gloss
from flows.storyboard.vocabulary import AVOID, VIEWS, TimeOfDay
from flows.storyboard.words import Character, Panel, Scene, Shot, Style, Word
from registry.words import Capability, TaskRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from flows.storyboard.repair import Ask
    from registry.words import Media

DEFAULT_WIDTH_PX = 768
DEFAULT_HEIGHT_PX = 432


class PictureJob(Word):
    """All that the picture of one shot depends on: as long as this is the same, the picture need not be made again."""

    shot: Shot
    characters: tuple[Character, ...] = ()
    setting: str
    time_of_day: TimeOfDay
    style: str
    width: int = Field(default=DEFAULT_WIDTH_PX, ge=1)
    height: int = Field(default=DEFAULT_HEIGHT_PX, ge=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A panel and its picture. The panel is kept as JSON, the picture as a file."""

    panel: Panel
    media: Media


def picture_jobs(
    shots: Iterable[Shot],
    scenes: Iterable[Scene],
    characters: Sequence[Character],
    style: Style,
    *,
    width: int = DEFAULT_WIDTH_PX,
    height: int = DEFAULT_HEIGHT_PX,
) -> tuple[PictureJob, ...]:
    """One job a shot, in their order, each with those characters only that it shows."""
    scene_of = {scene.scene_id: scene for scene in scenes}
    return tuple(
        PictureJob(
            shot=shot,
            characters=tuple(character for character in characters if character.name in shot.characters),
            setting=scene_of[shot.scene_id].setting,
            time_of_day=scene_of[shot.scene_id].time_of_day,
            style=style.phrase,
            width=width,
            height=height,
        )
        for shot in shots
    )


def picture_prompt(job: PictureJob) -> str:
    """The prompt in words: what is seen, how the characters always look, from where, the style, and what to avoid.

    The style phrase stands in it word for word, the same in every prompt of a storyboard.
    """
    named = gloss(job.shot.source_text)
    place = f"{job.setting}, {job.time_of_day.value}" if job.setting else job.time_of_day.value
    parts = [
        job.shot.description if job.shot.description[-1] in ".!?…。؟" else f"{job.shot.description}.",
        f"{named}." if named and named not in job.shot.description.lower() else "",
        *(f"{character.looks[0].upper()}{character.looks[1:]}." for character in job.characters),
        f"Where and when: {place}.",
        f"{job.shot.shot_type.value.capitalize()} shot, {VIEWS[job.shot.shot_type]}.",
        f"Style: {job.style}.",
        f"Avoid: {AVOID}.",
    ]
    return " ".join(part for part in parts if part)


def picture_request(job: PictureJob) -> TaskRequest:
    """The request for a picture: the prompt for models, and the same facts as hints for services that draw by them."""
    shot = job.shot
    seed = zlib.crc32(f"{shot.shot_id}/{shot.description}".encode())
    return TaskRequest(
        capability=Capability.IMAGE,
        prompt=picture_prompt(job),
        params={"width": job.width, "height": job.height, "seed": seed},
        hints={
            "shot_type": shot.shot_type.value,
            "camera_motion": shot.camera_motion.value,
            "characters": list(shot.characters),
            "setting": job.setting,
            "time_of_day": job.time_of_day.value,
            "caption": shot.source_text,
            "style": job.style,
            "seed": seed,
        },
        checks=("is_picture",),
        stage="pictures",
        item=shot.shot_id,
        prompt_version=PROMPT_VERSION,
    )


async def draw(ask: Ask, job: PictureJob) -> Drawn:
    """The picture of one shot.

    Raises:
        PictureMissing: the answer held no picture. What ``ask`` raises is passed on.
    """
    result = await ask(picture_request(job))
    media = next((part for part in result.media if part.media_type.startswith("image/")), None)
    if media is None:
        raise PictureMissing(job.shot.shot_id, result.offering)
    panel = Panel(
        shot_id=job.shot.shot_id,
        digest=hashlib.sha256(media.content).hexdigest(),
        media_type=media.media_type,
        width=media.width or job.width,
        height=media.height or job.height,
        offering=result.offering,
        task_id=result.task_id,
        latency_ms=result.latency_ms,
        cost_nanousd=result.cost_nanousd,
    )
    return Drawn(panel=panel, media=media)
