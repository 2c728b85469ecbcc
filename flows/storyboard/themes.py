"""The themes a story can have, and the words of a text that point to each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flows.storyboard.script import stem, words

if TYPE_CHECKING:
    from flows.storyboard.words import Thought

_LEAST_POINTED_TO = 2
_MOST_POINTED_TO = 9

_CUES: dict[str, str] = {
    "art": "paint picture draw song sing music cello piano violin poem dance theatre write",
    "change": "change become turn new different grow winter spring",
    "childhood": "child children girl boy baby school toy play",
    "city life": "city street streets traffic tower train market neighbour crowd",
    "communication": "language voice speak word words message letter answer talk say tell signal flash listen read",
    "conflict": "fight quarrel war enemy argue against angry soldier",
    "courage": "brave dare danger storm climb rescue save",
    "curiosity": "find discover search explore question wonder secret open",
    "dreams": "dream sleep imagine wish",
    "family": "mother father brother sister son daughter child grandmother grandfather family parents",
    "fear": "fear afraid scare dark hide scream ghost monster",
    "freedom": "free escape fly prison cage run",
    "friendship": "friend together share companion both",
    "grief": "grief grave die death dead funeral mourn lost widow",
    "growing up": "child grow young girl boy school learn first",
    "home": "home house door kitchen room return roof",
    "hope": "hope light spring wait dawn seed",
    "journey": "journey travel road ship boat train walk far cross map",
    "justice": "law court judge fair vote right guilty",
    "kindness": "help carry dry give gift warm feed hold care heal",
    "learning": "learn teach school book lesson student teacher",
    "loneliness": "alone lonely nobody never empty silent without",
    "love": "love kiss heart marry wedding",
    "memory": "remember forget memory old photograph past ago",
    "nature": "tree forest river mountain animal bird flower garden sea wind rain snow",
    "old age": "old grandmother grandfather years grey",
    "play": "play game toy ball laugh circus clown",
    "power": "king queen rule government president command crown money",
    "silence": "silence quiet silent mute voice listen",
    "survival": "survive hunger cold storm fire flood rescue",
    "technology": "robot machine computer screen phone radio engine software data network remote",
    "the sea": "sea ocean ship boat wave lighthouse bay harbour shore island sailor",
    "time": "time year years clock winter summer spring night day wait season",
    "trust": "trust believe promise secret faith",
    "waiting": "wait years every window never return",
    "wonder": "star stars sky moon magic glow whale giant",
    "work": "work job office team manager meeting factory build repair farmer keeper",
}
THEMES = tuple(_CUES)


def themes_of(thought: Thought, text: str) -> tuple[tuple[str, ...], ...]:
    """Two or three disjoint lists of themes to choose one each from: a model that repeats itself cannot do so here.

    They hold the themes that words of an English text point to, strongest first; all themes where too few are.
    """
    found = list(THEMES)
    if thought.voice.english:
        spoken = [stem(word) for word in words(text)]
        weights = {theme: sum(spoken.count(stem(cue)) for cue in cues.split()) for theme, cues in _CUES.items()}
        pointed_to = sorted((theme for theme in THEMES if weights[theme]), key=lambda theme: -weights[theme])
        if len(pointed_to) >= _LEAST_POINTED_TO:
            found = pointed_to[:_MOST_POINTED_TO]
    lists = 3 if len(found) >= 6 else 2
    return tuple(tuple(found[start::lists]) for start in range(lists))
