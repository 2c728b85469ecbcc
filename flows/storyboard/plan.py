"""The plan: which sentences become which scenes and shots, and a varied sequence of shot sizes. No model is asked.

What a small model cannot be trusted with is settled here, by rules that give the same plan for the same thought: a
resumed run plans what the first one did. A model may still choose another shot type or camera motion.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from flows.storyboard.casting import mentioned, resolve
from flows.storyboard.lexicon import DETAILS, FUNCTION_WORDS, PLACES, SCENE_OPENERS, THINGS, TIME_WORDS
from flows.storyboard.script import legible, words
from flows.storyboard.segments import MAX_PIECE_CHARACTERS, choose, clauses, sentences
from flows.storyboard.vocabulary import CameraMotion, ShotType
from flows.storyboard.words import Plan, SceneBrief, ShotBrief, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.storyboard.vocabulary import TimeOfDay
    from flows.storyboard.words import Thought

LEAST_SHOTS = 4
MAX_SHOTS_A_SCENE = 3
_EXTRACT_CHARACTERS = 500
_MOST_SEEN = 6

# After an opening that shows the place: near and far in turn, and no size twice in a row.
_RHYTHM = (
    ShotType.MEDIUM, ShotType.CLOSE_UP, ShotType.LOW_ANGLE, ShotType.OVER_THE_SHOULDER, ShotType.WIDE,
    ShotType.EXTREME_CLOSE_UP, ShotType.MEDIUM, ShotType.BIRDS_EYE,
)  # fmt: skip
_ONE_ONLY = frozenset({ShotType.CLOSE_UP, ShotType.EXTREME_CLOSE_UP})
_TWO_AT_LEAST = frozenset({ShotType.OVER_THE_SHOULDER})
_MOTIONS = {
    ShotType.EXTREME_WIDE: CameraMotion.PULL_OUT,
    ShotType.WIDE: CameraMotion.PAN_RIGHT,
    ShotType.MEDIUM: CameraMotion.FOLLOW,
    ShotType.CLOSE_UP: CameraMotion.PUSH_IN,
    ShotType.EXTREME_CLOSE_UP: CameraMotion.STATIC,
    ShotType.OVER_THE_SHOULDER: CameraMotion.STATIC,
    ShotType.BIRDS_EYE: CameraMotion.TILT_DOWN,
    ShotType.LOW_ANGLE: CameraMotion.TILT_UP,
}


def make_plan(thought: Thought, characters: Sequence[str], max_shots: int) -> Plan:
    """Scenes and shots for a thought: from ``LEAST_SHOTS`` to ``max_shots`` shots, spread over the whole text.

    Raises:
        ValueError: ``max_shots`` is below ``LEAST_SHOTS``.
    """
    if max_shots < LEAST_SHOTS:
        raise ValueError(f"a storyboard has at least {LEAST_SHOTS} shots, not {max_shots}")
    spans = sentences(thought.text)
    chosen = _pieces(thought, spans, max_shots)
    groups = _scenes(thought, spans, chosen)
    briefs: list[SceneBrief] = []
    shots: list[ShotBrief] = []
    time = None
    places: tuple[str, ...] = ()
    for order, group in enumerate(groups, start=1):
        start = 0 if order == 1 else groups[order - 1][0].start
        end = len(thought.text) if order == len(groups) else groups[order][0].start
        source = thought.text[start:end].strip()
        extract = legible(" ".join(thought.cut(span) for span in _distinct(group)))[:_EXTRACT_CHARACTERS]
        time = time_of_day(extract) or time
        # A scene that names no place is where the one before was.
        places = tuple(dict.fromkeys(word for word in words(extract) if word in PLACES)) or places
        scene_id = f"scene-{order:02}"
        briefs.append(
            SceneBrief(
                scene_id=scene_id, order=order, source_text=source, extract=extract, time_of_day=time, places=places
            )
        )
        shots.extend(_shot(thought, span, scene_id) for span in group)
    return Plan(scenes=tuple(briefs), shots=_arranged(thought, shots, characters))


def time_of_day(text: str) -> TimeOfDay | None:
    """The first time of day that a text names; *good morning* is a greeting and no morning."""
    spoken = ["", *words(text)]
    return next(
        (TIME_WORDS[word] for before, word in pairwise(spoken) if word in TIME_WORDS and before != "good"), None
    )


def _pieces(thought: Thought, spans: list[Span], max_shots: int) -> list[Span]:
    """At least ``LEAST_SHOTS`` and at most ``max_shots`` spans: sentences, else clauses, else the same ones again."""
    if len(spans) >= LEAST_SHOTS:
        return [spans[index] for index in choose(thought.text, spans, max_shots)]
    finer = [clause for span in spans for clause in clauses(thought.text, span)]
    if len(finer) >= LEAST_SHOTS:
        return [finer[index] for index in choose(thought.text, finer, max_shots)]
    # Too little to cut: each span is shown more than once, from other sides, in the order of the text.
    rounds, rest = divmod(LEAST_SHOTS, len(finer))
    return [span for index, span in enumerate(finer) for _ in range(rounds + (index < rest))]


def _distinct(group: Sequence[Span]) -> list[Span]:
    return list(dict.fromkeys(group))


def _scenes(thought: Thought, spans: Sequence[Span], chosen: Sequence[Span]) -> list[list[Span]]:
    """The chosen spans in scenes: a new one at a paragraph, at words such as *the next day*, or after three shots."""
    openings = [span.start for span in spans if _opens_scene(thought.cut(span))]
    groups = [[chosen[0]]]
    for before, here in pairwise(chosen):
        moved = any(before.start < start <= here.start for start in openings)
        if here != before and (here.paragraph != before.paragraph or moved or len(groups[-1]) >= MAX_SHOTS_A_SCENE):
            groups.append([here])
        else:
            groups[-1].append(here)
    return groups


def _opens_scene(sentence: str) -> bool:
    head = " ".join(words(sentence[:40]))
    return any(head == opener or head.startswith(opener + " ") for opener in SCENE_OPENERS)


def _shot(thought: Thought, span: Span, scene_id: str) -> ShotBrief:
    source = thought.cut(span)
    moment = legible(source)[:MAX_PIECE_CHARACTERS]
    # Numbers, sizes and casts depend on the shots around; they are filled in once all are there.
    return ShotBrief(
        shot_id="shot", number=1, scene_id=scene_id, source_text=source, moment=moment,
        shot_type=ShotType.WIDE, camera_motion=CameraMotion.STATIC,
    )  # fmt: skip


def _arranged(thought: Thought, shots: Sequence[ShotBrief], characters: Sequence[str]) -> tuple[ShotBrief, ...]:
    """The shots with numbers, sizes, camera motions, and the characters and things to be seen in each."""
    arranged: list[ShotBrief] = []
    met: list[str] = []
    visible: list[str] = []
    variants: dict[str, int] = {}
    for number, shot in enumerate(shots, start=1):
        moment = resolve(shot.moment, met, thought)
        named = mentioned(moment, characters)
        met.extend(name for name in named if name not in met)
        # A pronoun that nobody could resolve still points at those who were there a moment ago.
        pronouns = thought.voice.english and not {"she", "he", "it", "they"}.isdisjoint(words(moment))
        visible = named or (visible if pronouns else [])
        shot_type = _size(number, len(shots), arranged, moment, len(visible))
        variant = variants.get(shot.source_text, 0)
        variants[shot.source_text] = variant + 1
        arranged.append(
            shot.model_copy(
                update={
                    "shot_id": f"shot-{number:02}", "number": number, "moment": moment, "variant": variant,
                    "seen": _seen(moment, visible), "characters": tuple(visible),
                    "shot_type": shot_type, "camera_motion": _MOTIONS[shot_type],
                }
            )
        )  # fmt: skip
    return tuple(arranged)


def _size(number: int, total: int, before: Sequence[ShotBrief], moment: str, visible: int) -> ShotType:
    """The shot's size: the place first and last, in between the next of the rhythm that fits the moment."""
    if number == 1:
        return ShotType.WIDE
    if number == total:
        return ShotType.EXTREME_WIDE
    last = before[-1].shot_type
    detail = not DETAILS.isdisjoint(words(moment))
    if detail and last is not ShotType.CLOSE_UP:
        return ShotType.CLOSE_UP
    start = (number - 2) % len(_RHYTHM)
    fitting = (
        size
        for size in _RHYTHM[start:] + _RHYTHM[:start]
        if size is not last and (size not in _ONE_ONLY or visible <= 1) and (size not in _TWO_AT_LEAST or visible > 1)
    )
    return next(fitting, ShotType.MEDIUM)


def _seen(moment: str, visible: Sequence[str]) -> tuple[str, ...]:
    """The characters, then the drawable words of a moment."""
    spoken = words(moment)
    drawable = [word for word in spoken if word in PLACES or word in THINGS]
    heads = {words(name)[-1] for name in visible}
    others = [word for word in drawable if word not in heads and word not in FUNCTION_WORDS]
    return tuple(dict.fromkeys([*visible, *others]))[:_MOST_SEEN]
