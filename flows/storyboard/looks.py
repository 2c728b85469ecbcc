"""How characters look: a few closed lists for people, animals and machines, put together to one lasting phrase.

Looks have to be the same in every picture and possible for whoever wears them. A closed list gives both, whichever
model chooses.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING
from zlib import crc32

from flows.storyboard.lexicon import BIRDS, CREATURES, MACHINES, SCALED
from flows.storyboard.script import words

if TYPE_CHECKING:
    from collections.abc import Mapping


class Kind(StrEnum):
    """What a character is."""

    PERSON = "person"
    ANIMAL = "animal"
    MACHINE = "machine"


PARTS: Mapping[Kind, Mapping[str, tuple[str, ...]]] = {
    Kind.PERSON: {
        "build": ("slim", "tall", "short", "broad", "stooped", "strong", "delicate"),
        "hair": (
            "short white hair", "long grey hair in a braid", "thin white hair", "wild grey curls",
            "curly black hair", "short dark hair", "long brown hair", "red hair", "a shaved head",
            "hair under a headscarf",
        ),
        "wears": (
            "a dark blue coat", "a worn brown jacket", "a yellow raincoat", "a plain white shirt", "a red sweater",
            "a grey apron", "a long green dress", "a dark suit",
        ),
        "mark": ("round glasses", "a woollen scarf", "a leather bag", "rolled-up sleeves", "heavy boots", "a flat cap"),
    },
    Kind.ANIMAL: {
        "build": ("small", "large", "thin", "round", "long-legged"),
        "coat": (
            "red fur", "grey fur", "black fur", "white fur", "spotted fur", "brown feathers", "black feathers",
            "white feathers", "green scales", "silver scales",
        ),
        "mark": ("bright eyes", "a torn ear", "a long tail", "pale feet", "a scar on one side", "a crooked beak"),
    },
    Kind.MACHINE: {
        "build": ("boxy", "round", "thin", "sturdy"),
        "surface": (
            "dented grey metal", "polished brass", "chipped blue paint", "a weathered white shell", "red enamel",
        ),
        "mark": ("one round lamp eye", "two bright eyes", "a short antenna", "stubby arms", "a cracked glass front"),
    },
}  # fmt: skip

# Their answers hold no value of the lists above: small models like to repeat the last example.
EXAMPLES: Mapping[Kind, tuple[tuple[str, dict[str, str]], ...]] = {
    Kind.PERSON: (
        (
            "Character: gardener\nText: A gardener plants one seed for every letter he never sent.",
            {"build": "bent", "hair": "a thin white beard", "wears": "muddy overalls", "mark": "a straw hat"},
        ),
        (
            "Character: young dancer\nText: The young dancer waits for the night train.",
            {"build": "long-limbed", "hair": "a tight black bun", "wears": "a striped coat", "mark": "silver earrings"},
        ),
    ),
    Kind.ANIMAL: (
        (
            "Character: wasp\nText: A wasp circles the last pear.",
            {"build": "tiny", "coat": "yellow and black stripes", "mark": "clear wings"},
        ),
        (
            "Character: old donkey\nText: The old donkey knows the way home.",
            {"build": "swaybacked", "coat": "dusty beige fur", "mark": "a white muzzle"},
        ),
    ),
    Kind.MACHINE: (
        (
            "Character: clockwork waiter\nText: The clockwork waiter pours tea and never spills.",
            {"build": "upright", "surface": "lacquered wood", "mark": "a key in its back"},
        ),
        (
            "Character: snow plough\nText: The snow plough hums as it clears the square.",
            {"build": "wide and low", "surface": "orange steel", "mark": "a row of lamps"},
        ),
    ),
}
_CHOICES = 4
_OLD = frozenset({"old", "older", "grandmother", "grandfather", "grandparents", "widow"})


def kind_of(name: str) -> Kind:
    """What an English name's last word says of a character; a person where it says nothing."""
    head = words(name)[-1]
    if head in MACHINES:
        return Kind.MACHINE
    return Kind.ANIMAL if head in CREATURES else Kind.PERSON


def choices(name: str, kind: Kind) -> dict[str, tuple[str, ...]]:
    """A few values of each list for one character: others for another name, so that characters differ.

    White and grey hair is offered to those whom the text calls old, and only to them; feathers to birds.
    """
    old = not _OLD.isdisjoint(words(name))
    offered: dict[str, tuple[str, ...]] = {}
    for part, values in PARTS[kind].items():
        fitting = [value for value in values if _fits(part, value, words(name)[-1], old=old)]
        start = crc32(f"{name}/{part}".encode()) % len(fitting)
        offered[part] = tuple((fitting + fitting)[start : start + min(_CHOICES, len(fitting))])
    return offered


def _fits(part: str, value: str, head: str, *, old: bool) -> bool:
    """Whether a value suits a character: hair its age, a coat its kind of animal."""
    if part == "hair":
        return ("white" in value or "grey" in value) == old
    if part == "coat":
        cover = "feathers" if head in BIRDS else "scales" if head in SCALED else "fur"
        return cover in value
    return True


def phrase(name: str, parts: Mapping[str, str]) -> str:
    """The looks as they stand in a picture prompt.

    >>> phrase("crow", {"build": "small", "coat": "black feathers", "mark": "bright eyes"})
    'crow, small, with black feathers and bright eyes'
    """
    build, *rest = parts.values()
    return f"{name}, {build}, with {', '.join(rest[:-1])} and {rest[-1]}"
