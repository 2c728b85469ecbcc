"""The stages before the shots: analysis, style, characters, scenes. Each asks a model and falls back on the text."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from flows.errors import AnswerRejected
from flows.storyboard import prompts, schemas
from flows.storyboard.casting import MAX_CHARACTERS, can_act, candidates, is_group, mentioned, with_article
from flows.storyboard.grounding import alike, free_of, grounded, in_script, nobody_new, not_repeating, tidy, whole
from flows.storyboard.lexicon import ABSTRACT, ACTORS, FUNCTION_WORDS, PLACES, THINGS, TIME_WORDS
from flows.storyboard.looks import EXAMPLES, Kind, choices, kind_of, phrase
from flows.storyboard.plan import time_of_day
from flows.storyboard.repair import ask_until, side_by_side
from flows.storyboard.script import UNSPACED, content_stems, has_letters, legible, stem, words
from flows.storyboard.segments import choose, sentences
from flows.storyboard.themes import themes_of
from flows.storyboard.vocabulary import DARK_LIGHTS, LIGHTS, LINES, MEDIA, PALETTES, TimeOfDay
from flows.storyboard.words import Analysis, Cast, Character, Credit, Scene, Style

if TYPE_CHECKING:
    from collections.abc import Sequence

    from flows.storyboard.repair import Ask, Draft
    from flows.storyboard.words import SceneBrief, Thought, Voice
    from registry.words import JsonSchema

_DIGEST_CHARACTERS = 1_500
_DIGEST_CHARACTERS_NOT_LATIN = 600
_ABOUT_CHARACTERS = 400
_ARTICLE = re.compile(r"^(?:an?|the|one)\s+", re.IGNORECASE)
_TITLE_WORDS = 8
_SETTING_WORDS = 5
UNKNOWN_MOOD = "not told"
"""The mood of a thought that no model could read."""


def digest(thought: Thought) -> str:
    """The thought, or its most telling sentences where it is long: short enough for a small model's context."""
    most = _DIGEST_CHARACTERS if thought.voice.script in {"LATIN", ""} else _DIGEST_CHARACTERS_NOT_LATIN
    if len(thought.text) <= most or not has_letters(thought.text):
        return legible(thought.text)[:most]
    spans = sentences(thought.text)
    count = max(1, most // (sum(span.end - span.start for span in spans) // len(spans) + 1))
    return " ".join(thought.cut(spans[index]) for index in choose(thought.text, spans, count))[:most]


def _draft(
    stage: str,
    item: str,
    system: str,
    examples: Sequence[prompts.Example],
    question: str,
    schema: JsonSchema,
    voice: Voice,
    *,
    checks: tuple[str, ...] = prompts.CHECKS,
) -> Draft:
    return lambda reason, params: prompts.request(
        stage, item, system, examples, question, schema, params, voice=voice, reason=reason, checks=checks
    )


async def analyse(ask: Ask, thought: Thought) -> Analysis:
    """Title, summary, themes and mood, in three questions."""
    text = digest(thought)
    titled, summed_up = await side_by_side(_title(ask, thought, text), _summary(ask, thought, text))
    (title, title_credit), (summary, summary_credit) = titled, summed_up
    if not thought.voice.english and title_credit.origin == summary_credit.origin == "source":
        # Whoever could not say a word in this language did not read the text, and would only guess from a list.
        themes, mood = themes_from_source(thought), UNKNOWN_MOOD
        themes_credit = Credit(field="themes", origin="source", reason="no model could read this language")
    else:
        themes, mood, themes_credit = await _themes(ask, thought, text)
    return Analysis(
        title=title, summary=summary, themes=themes, mood=mood, credits=(title_credit, summary_credit, themes_credit)
    )


async def _title(ask: Ask, thought: Thought, text: str) -> tuple[str, Credit]:
    def read(data: Any) -> str:
        title = tidy(data["title"]).rstrip(".")
        in_script(title, thought.voice)
        if len(title.split()) > _TITLE_WORDS:
            raise AnswerRejected(f"it is too long. At most {_TITLE_WORDS} words.")
        not_repeating(title, text)
        grounded(title, text, thought.voice, least=1)
        if thought.voice.english and not set(content_stems(title)) <= set(content_stems(text)):
            raise AnswerRejected("it has words that are not in the story.")
        return title

    system = "You give a story a short title. Use its words."
    hints = [*candidates(thought), *(word for word in words(text) if word in PLACES or word in THINGS)]
    question = f"{text}\nWords: {', '.join(dict.fromkeys(hints[:5]))}" if hints else text
    draft = _draft("analysis", "title", system, prompts.TITLES, question, schemas.TITLE, thought.voice)
    title, credit = await ask_until(ask, draft, read, field="title")
    return title or title_from_source(thought), credit


def title_from_source(thought: Thought) -> str:
    """A title from the text itself: its characters, else its first words."""
    found = candidates(thought)[:2]
    if found:
        title = " and ".join(with_article(name) for name in found)
        return " ".join(
            part if part in {"and", "the"} else part[0].upper() + part[1:] for part in title.split()
        ).replace("the", "The", 1 if title.startswith("the") else 0)
    first = thought.cut(sentences(thought.text)[0])
    parts = first.split()
    title = " ".join(parts[:_TITLE_WORDS])[: schemas.TITLE_CHARACTERS].rstrip(".,;:!?،。、 ")
    return title + ("…" if len(title) + 1 < len(first) else "")


async def _summary(ask: Ask, thought: Thought, text: str) -> tuple[str, Credit]:
    spans = sentences(thought.text)
    first, last = thought.cut(spans[0]), thought.cut(spans[-1])
    question = prompts.ends(first, last) if len(spans) > 1 else text

    def read(data: Any) -> str:
        summary = whole(tidy(data["summary"]), schemas.SUMMARY_CHARACTERS)
        in_script(summary, thought.voice)
        not_repeating(summary, text)
        free_of(summary, text, [asked for asked, _ in prompts.SUMMARIES])
        grounded(summary, text, thought.voice)
        nobody_new(summary, text, ())
        if alike(summary, f"{first} {last}"):
            raise AnswerRejected("it copies the text.", final=True)
        return summary

    system = "You sum up a story in one sentence, from its beginning and its end."
    draft = _draft("analysis", "summary", system, prompts.SUMMARIES, question, schemas.SUMMARY, thought.voice)
    summary, credit = await ask_until(ask, draft, read, field="summary")
    return summary or summary_from_source(thought), credit


def summary_from_source(thought: Thought) -> str:
    """The first sentence and the last, verbatim."""
    spans = sentences(thought.text)
    return " ".join(thought.cut(span) for span in dict.fromkeys((spans[0], spans[-1])))


async def _themes(ask: Ask, thought: Thought, text: str) -> tuple[tuple[str, ...], str, Credit]:
    def read(data: Any) -> tuple[tuple[str, ...], str]:
        return tuple(value for key, value in data.items() if key != "mood"), data["mood"]

    system = "You name different themes of a story, and its mood."
    schema = schemas.themes(themes_of(thought, text))
    draft = _draft("analysis", "themes", system, prompts.THEMES, text, schema, thought.voice)
    found, credit = await ask_until(ask, draft, read, field="themes")
    themes, mood = found or (themes_from_source(thought), UNKNOWN_MOOD)
    return themes, mood, credit


def themes_from_source(thought: Thought) -> tuple[str, ...]:
    """The words that come most often, long ones first; the title where words cannot be told apart."""
    if thought.voice.script in UNSPACED:
        return (title_from_source(thought),)
    text = legible(thought.text)
    counts = Counter(word for word in words(text) if word not in FUNCTION_WORDS)
    ranked = sorted(counts, key=lambda word: (-counts[word], -len(word)))
    return tuple(ranked[:3]) or (title_from_source(thought),)


async def choose_style(ask: Ask, thought: Thought, analysis: Analysis, wanted: str | None = None) -> Style:
    """The one phrase that every picture prompt repeats: ``wanted`` where a person gave one, else a model's choice."""
    if wanted:
        return Style(phrase=tidy(wanted), credits=(Credit(field="style", origin="source"),))

    lights = DARK_LIGHTS if time_of_day(thought.text) is TimeOfDay.NIGHT else LIGHTS

    def read(data: Any) -> str:
        return ", ".join((data["medium"], data["line"], data["light"], data["palette"]))

    system = "You choose how a story is drawn: medium, line, light and palette that fit its mood."
    question = f"{digest(thought)}\nMood: {analysis.mood}"
    draft = _draft("style", "style", system, prompts.STYLES, question, schemas.style(lights), thought.voice)
    phrase, credit = await ask_until(ask, draft, read, field="style")
    return Style(phrase=phrase or ", ".join((MEDIA[0], LINES[0], lights[0], PALETTES[0])), credits=(credit,))


async def cast(ask: Ask, thought: Thought) -> Cast:
    """The names of those who act: what a model finds, kept where the text bears it out, then what the words tell."""
    found = candidates(thought)

    def read(data: Any) -> list[str]:
        names = [_ARTICLE.sub("", tidy(name)) for name in data["characters"]]
        kept = [name for name in names if can_act(name, thought)]
        if names and not kept:
            raise AnswerRejected("these are not in the text. Use the words of the text for who acts.")
        return kept

    system = "You list who acts in a text: people, animals, machines. Use the words of the text. No places, no things."
    checks = (*prompts.CHECKS, "distinct_items:characters")
    draft = _draft(
        "characters", "cast", system, prompts.CASTS, digest(thought), schemas.CAST, thought.voice, checks=checks
    )
    given, credit = await ask_until(ask, draft, read, field="names")
    names: list[str] = []
    for name in [*(given or []), *found]:
        head = stem(words(name)[-1])
        if any(stem(words(known)[-1]) == head for known in names):
            continue
        # The form in the text is fuller: "old woman" for "woman".
        names.append(next((other for other in found if stem(words(other)[-1]) == head), name))
    return Cast(names=tuple(names[:MAX_CHARACTERS]), credits=(credit,))


async def describe_character(ask: Ask, thought: Thought, name: str) -> Character:
    """The looks of a character, in one phrase that stays the same in every picture. A group has no one look."""
    if is_group(name):
        return Character(name=name, looks=name, credits=(Credit(field="looks", origin="source"),))

    kind, kind_credit = (kind_of(name), None) if thought.voice.english else await _kind(ask, thought, name)

    def read(data: Any) -> str:
        return phrase(name, data)

    system = "You choose how a character of a story looks. The looks fit the text."
    spans = [thought.cut(span) for span in sentences(thought.text)]
    about = [sentence for sentence in spans if mentioned(sentence, (name,))][:3]
    question = f"Character: {name}\nText: {' '.join(about)[:_ABOUT_CHARACTERS]}"
    draft = _draft(
        "characters", name, system, EXAMPLES[kind], question, schemas.looks(choices(name, kind)), thought.voice
    )
    looks, credit = await ask_until(ask, draft, read, field=f"looks of {name}")
    credits_ = (credit,) if kind_credit is None else (credit, kind_credit)
    return Character(name=name, looks=looks or name, credits=credits_)


async def _kind(ask: Ask, thought: Thought, name: str) -> tuple[Kind, Credit]:
    """Person, animal or machine, for names of languages whose words are not known here."""

    def read(data: Any) -> Kind:
        return Kind(data["kind"])

    system = "You say whether a character is a person, an animal or a machine."
    draft = _draft(
        "characters", f"{name}, kind", system, prompts.KINDS, f"Character: {name}", schemas.KIND, thought.voice
    )
    kind, credit = await ask_until(ask, draft, read, field="kind")
    return kind or Kind.PERSON, credit


async def write_scene(ask: Ask, brief: SceneBrief, voice: Voice) -> Scene:
    """Where and when a scene is. What the text says of the time stands; a model is asked about the rest."""

    def read(data: Any) -> tuple[str, TimeOfDay]:
        setting = tidy(data["setting"]).rstrip(".")
        in_script(setting, voice)
        if len(setting.split()) > _SETTING_WORDS:
            raise AnswerRejected(f"name a place, in at most {_SETTING_WORDS} words.")
        known = f"{brief.extract} {' '.join(brief.places)}"
        if set(content_stems(setting)).isdisjoint(content_stems(known)):
            raise AnswerRejected("this place is not in the text. Use the words of the text.")
        if voice.english and words(setting)[-1] in ACTORS | THINGS | ABSTRACT | TIME_WORDS.keys():
            raise AnswerRejected("this is no place. Name a place of the text.")
        free_of(setting, known, [asked for asked, _ in prompts.SCENES])
        return setting, TimeOfDay(data["time_of_day"])

    system = "You say where and at what time of day a scene is. Use the words of the text."
    question = f"{brief.extract}\nPlaces: {', '.join(brief.places)}" if brief.places else brief.extract
    draft = _draft("scenes", brief.scene_id, system, prompts.SCENES, question, schemas.SCENE, voice)
    found, credit = await ask_until(ask, draft, read, field=f"setting of {brief.scene_id}")
    setting, time = found or (", ".join(brief.places[:2]), TimeOfDay.DAY)
    return Scene(
        scene_id=brief.scene_id,
        order=brief.order,
        source_text=brief.source_text,
        setting=setting,
        time_of_day=brief.time_of_day or time,
        credits=(credit,),
    )
