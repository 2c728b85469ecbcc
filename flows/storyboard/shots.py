"""The shots: each is asked for by itself, then all are looked at together, so that no two are the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Protocol

from flows.errors import AnswerRejected
from flows.storyboard import prompts, schemas
from flows.storyboard.casting import mentioned
from flows.storyboard.grounding import (
    alike,
    copies,
    free_of,
    grounded,
    in_script,
    names_who,
    nobody_new,
    not_repeating,
    shows,
    tidy,
    whole,
)
from flows.storyboard.repair import ask_until
from flows.storyboard.vocabulary import VIEWS, CameraMotion, ShotType
from flows.storyboard.words import Credit, Shot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.storyboard.repair import Ask, Draft
    from flows.storyboard.words import ShotBrief, Voice

_SYSTEM = (
    "You are a storyboard artist. You retell one moment of a story as one plain sentence: who is seen, doing what, "
    "where. Use the words of the moment. Write names instead of he, she, it and they."
)
_EXAMPLES = [asked for asked, _ in prompts.SHOTS]


async def write_shot(ask: Ask, brief: ShotBrief, voice: Voice, *, unlike: Sequence[str] = ()) -> Shot:
    """One shot. Its description is a model's where one passes the checks, else the source's own words.

    ``unlike`` are the descriptions of other shots, which this one may not repeat.
    """
    question = prompts.moment(brief.moment, brief.seen, brief.shot_type.value, brief.camera_motion.value)

    def draft_for(reason: str, params: Any) -> Any:
        return prompts.request(
            "shots", brief.shot_id, _SYSTEM, prompts.SHOTS, question, schemas.shot(brief.seen), params,
            voice=voice, reason=reason,
        )  # fmt: skip

    def read(data: Any) -> tuple[str, ShotType, CameraMotion]:
        description = check_description(data["description"], brief, voice, unlike)
        return description, ShotType(data["shot_type"]), CameraMotion(data["camera_motion"])

    draft: Draft = draft_for
    found, credit = await ask_until(ask, draft, read, field="description")
    if found is None:
        return shot_from_source(brief, credit)
    description, shot_type, camera_motion = found
    if copies(description, brief.source_text) or copies(description, brief.moment):
        credit = credit.model_copy(update={"origin": "source", "reason": "the answer was the text itself"})
    chosen = (shot_type, camera_motion) != (brief.shot_type, brief.camera_motion)
    camera = Credit(
        field="camera", origin="model", offering=credit.offering, task_id=credit.task_id, tries=credit.tries
    )
    return Shot(
        shot_id=brief.shot_id,
        number=brief.number,
        scene_id=brief.scene_id,
        source_text=brief.source_text,
        description=description,
        shot_type=shot_type,
        camera_motion=camera_motion,
        characters=_visible(description, brief),
        credits=(credit, camera if chosen else Credit(field="camera", origin="source")),
    )


def check_description(text: str, brief: ShotBrief, voice: Voice, unlike: Sequence[str] = ()) -> str:
    """The description in good order.

    Raises:
        AnswerRejected: it is cut off, repeats itself or another shot, or is not about this moment.
    """
    description = whole(tidy(text), schemas.DESCRIPTION_CHARACTERS)
    description = description[0].upper() + description[1:]
    in_script(description, voice)
    not_repeating(description, brief.moment)
    grounded(description, brief.moment, voice, also=brief.characters)
    if voice.english:
        nobody_new(description, brief.moment, brief.characters)
        free_of(description, brief.moment, _EXAMPLES)
        shows(description, brief.moment)
        names_who(description, brief.moment, brief.characters)
    for other in unlike:
        if alike(description, other):
            raise AnswerRejected("another picture already shows this. Show something else of the moment.")
    return description


def _visible(description: str, brief: ShotBrief) -> tuple[str, ...]:
    """The characters of the moment; those whom the description names come first."""
    named = mentioned(description, brief.characters)
    return tuple(dict.fromkeys([*named, *brief.characters]))


def shot_from_source(brief: ShotBrief, credit: Credit) -> Shot:
    """The shot in the source's own words; where a text stands for several shots, the view tells them apart."""
    text = " ".join(brief.moment.split())
    most = schemas.DESCRIPTION_CHARACTERS
    if len(text) > most:
        text = text[: text.rfind(" ", most // 2, most) if " " in text[most // 2 : most] else most].rstrip(",;: ") + "…"
    text = text[:1].upper() + text[1:].rstrip(",;:،、 ")
    if brief.variant:
        text = f"{text.rstrip('.。 ')} ({VIEWS[brief.shot_type]})"
    return Shot(
        shot_id=brief.shot_id,
        number=brief.number,
        scene_id=brief.scene_id,
        source_text=brief.source_text,
        description=text,
        shot_type=brief.shot_type,
        camera_motion=brief.camera_motion,
        characters=brief.characters,
        credits=(credit, Credit(field="camera", origin="source")),
    )


class Rewrite(Protocol):
    """Writes a shot anew; :func:`write_shot` with all but these two given is one."""

    async def __call__(self, brief: ShotBrief, *, unlike: Sequence[str]) -> Shot:
        """The shot, its description unlike those."""
        ...


async def settle_shots(rewrite: Rewrite, briefs: Sequence[ShotBrief], shots: Sequence[Shot]) -> tuple[Shot, ...]:
    """The shots in order, no two the same: one that repeats an earlier one is written again, else retold.

    Neighbours of one shot type are parted too: there the plan's size stands, or its counterpart.
    """
    settled: list[Shot] = []
    for brief, shot in zip(briefs, shots, strict=True):
        before = [other.description for other in settled]
        current = shot
        if any(alike(current.description, other) for other in before):
            if current.origin_of("description") == "model":
                current = await rewrite(brief, unlike=before)
            if any(alike(current.description, other) for other in before):
                current = told_apart(current, brief, before)
        if settled and current.shot_type is settled[-1].shot_type:
            current = _resized(current, brief, settled[-1].shot_type)
        settled.append(current)
    return tuple(settled)


def told_apart(shot: Shot, brief: ShotBrief, before: Sequence[str]) -> Shot:
    """The shot in the source's words and from a view that none of ``before`` has; numbered where views run out."""
    reason = "it repeated another shot"
    credit = Credit(field="description", origin="source", tries=shot.credits[0].tries, reason=reason)
    plain = shot_from_source(brief.model_copy(update={"variant": 0}), credit)
    stem_ = plain.description.rstrip(".,;:،。、 ")
    views = [VIEWS[brief.shot_type], *VIEWS.values(), *(f"view {count}" for count in range(2, len(before) + 3))]
    texts = (plain.description, *(f"{stem_} ({view})" for view in views))
    known = {_plainly(text) for text in before}
    return plain.model_copy(update={"description": next(text for text in texts if _plainly(text) not in known)})


def _plainly(text: str) -> str:
    """A text without case and punctuation, where it has more than these."""
    return " ".join(re.findall(r"\w+", text.casefold())) or text.strip()


def _resized(shot: Shot, brief: ShotBrief, taken: ShotType) -> Shot:
    size = brief.shot_type
    if size is taken:
        size = ShotType.CLOSE_UP if taken is not ShotType.CLOSE_UP else ShotType.WIDE
    credits_ = tuple(credit for credit in shot.credits if credit.field != "camera")
    return shot.model_copy(update={"shot_type": size, "credits": (*credits_, Credit(field="camera", origin="source"))})
