"""Which facts a condition names: found by reading its words, so that a typo is told when it is written."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, NamedTuple

from registry.condition_facts import FACTS, FUNCTIONS, MACROS, MAPS
from registry.errors import ConditionInvalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_TOKEN = re.compile(
    r"(?P<space>\s+|//[^\n]*)"
    r"|(?P<text>[rRbB]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<mark>.)",
    re.DOTALL,
)
_OWN_WORDS = frozenset({"true", "false", "null", "in"})
_ROOTS = frozenset(name.partition(".")[0] for name in FACTS)


class Token(NamedTuple):
    """A word, a text, a number or a mark of a condition, and the line that it stands on."""

    kind: str
    text: str
    line: int


def tokens_of(source: str) -> list[Token]:
    """The tokens of a condition, without spaces and comments."""
    found, line = [], 1
    for match in _TOKEN.finditer(source):
        if match.lastgroup and match.lastgroup != "space":
            found.append(Token(match.lastgroup, match.group(), line))
        line += match.group().count("\n")
    return found


def names_in(source: str, allowed: Collection[str], *, asked: str) -> frozenset[str]:
    """The facts that a condition names, entries of maps included (``request.metadata.data``).

    ``allowed`` are the roots that may be looked at here, ``asked`` says of what the condition is asked.

    Raises:
        ConditionInvalid: it names what there is not, or what may not be looked at here.
    """
    tokens = tokens_of(source)
    own = _bound_by_macros(tokens)
    found = set()
    for place, token in enumerate(tokens):
        is_member = place > 0 and tokens[place - 1].text == "."
        if token.kind != "word" or token.text in _OWN_WORDS or is_member:
            continue
        if _text_at(tokens, place + 1) == "(":
            _check_function(token)
        elif token.text in _ROOTS:
            _check_allowed(token, allowed, asked)
            found.add(_fact_at(tokens, place))
        elif token.text not in own:
            hint = _nearest(token.text, [*sorted(allowed), *FACTS])
            raise ConditionInvalid(f"there is no {token.text!r}{hint}", line=token.line)
    return frozenset(found)


def texts_compared(source: str, fact: str) -> frozenset[str]:
    """The texts that a condition compares a fact with, by ``==``, ``!=`` or ``in [...]``; other ways are not read.

    >>> sorted(texts_compared('service.name in ["a", "b"] || "c" == service.name', "service.name"))
    ['a', 'b', 'c']
    """
    tokens, parts = tokens_of(source), fact.replace(".", " . ").split()
    found: list[str] = []
    for place in range(len(tokens)):
        end = place + len(parts)
        if [token.text for token in tokens[place:end]] != parts or _text_at(tokens, place - 1) == ".":
            continue
        if _is_equals(tokens, end):
            found += _texts_at(tokens, end + 2)
        elif _text_at(tokens, end) == "in" and _text_at(tokens, end + 1) == "[":
            place_in_list = end + 2
            while one := _texts_at(tokens, place_in_list):
                found += one
                place_in_list += 2
        if _is_equals(tokens, place - 2):
            found += _texts_at(tokens, place - 3)
    return frozenset(found)


def _is_equals(tokens: list[Token], place: int) -> bool:
    return place >= 0 and _text_at(tokens, place) in {"=", "!"} and _text_at(tokens, place + 1) == "="


def _texts_at(tokens: list[Token], place: int) -> list[str]:
    """The plain text that stands there, if one does."""
    text = _text_at(tokens, place) if _kind_at(tokens, place) == "text" else ""
    is_plain = text[:1] in {'"', "'"} and text[:3] not in {'"""', "'''"} and "\\" not in text
    return [text[1:-1]] if is_plain else []


def check_functions(used: Iterable[str]) -> None:
    """That a condition calls only what is offered.

    Raises:
        ConditionInvalid: it calls something else.
    """
    for name in used:
        if name == "matches":
            raise ConditionInvalid(
                "patterns (matches) are not offered, since each use compiles them anew; "
                "use startsWith, endsWith, contains or ==, several with ||"
            )
        if name.isidentifier() and not name.startswith("_") and name not in FUNCTIONS:
            raise ConditionInvalid(f"there is no function {name!r}{_nearest(name, FUNCTIONS)}")


def _check_function(token: Token) -> None:
    if token.text == "has":
        raise ConditionInvalid(
            'has() is not needed: an entry that is not there reads as an empty text, so compare with ""',
            line=token.line,
        )
    if token.text not in FUNCTIONS:
        hint = _nearest(token.text, FUNCTIONS)
        raise ConditionInvalid(f"there is no function {token.text!r}{hint}", line=token.line)


def _check_allowed(token: Token, allowed: Collection[str], asked: str) -> None:
    if token.text not in allowed:
        *first, last = sorted(allowed)
        raise ConditionInvalid(
            f"{token.text!r} cannot be looked at here: this is asked {asked}, and sees {', '.join(first)} and {last}",
            line=token.line,
        )


def _fact_at(tokens: list[Token], place: int) -> str:
    """The whole name of the fact that begins there."""
    name, line = tokens[place].text, tokens[place].line
    place += 1
    while name not in FACTS or name in MAPS:
        part = _part_at(tokens, place, is_map=name in MAPS)
        if part is None:
            one = f"{name}.data" if name in MAPS else next(one for one in FACTS if one.startswith(f"{name}."))
            raise ConditionInvalid(f"{name!r} is a group of facts: name one of them, such as {one}", line=line)
        whole = f"{name}.{part}"
        if name in MAPS:
            return whole
        if not any(one == whole or one.startswith(f"{whole}.") for one in FACTS):
            raise ConditionInvalid(f"there is no {whole!r}{_nearest(whole, FACTS)}", line=line)
        name, place = whole, place + 2
    return name


def _part_at(tokens: list[Token], place: int, *, is_map: bool) -> str | None:
    """The part of a name that follows: ``.data``, or ``["data"]`` for an entry of a map."""
    if _text_at(tokens, place) == "." and _kind_at(tokens, place + 1) == "word":
        return None if _text_at(tokens, place + 2) == "(" else tokens[place + 1].text
    if is_map and _text_at(tokens, place) == "[" and _kind_at(tokens, place + 1) == "text":
        key = tokens[place + 1].text
        plain = "\\" not in key and key[0] in "\"'" and key[:3] not in {'"""', "'''"}
        return key[1:-1] if plain and _text_at(tokens, place + 2) == "]" else None
    return None


def _bound_by_macros(tokens: list[Token]) -> set[str]:
    """The variables that ``list.exists(x, …)`` and its like make."""
    own: set[str] = set()
    for place, token in enumerate(tokens):
        if token.text in MACROS and place > 0 and tokens[place - 1].text == "." and _text_at(tokens, place + 1) == "(":
            if own:
                raise ConditionInvalid("one exists, all, filter or map is enough for a condition", line=token.line)
            own.add(_text_at(tokens, place + 2))
    if shadowed := own & _ROOTS:
        raise ConditionInvalid(f"{shadowed.pop()!r} is a group of facts and cannot be a variable")
    return own


def _text_at(tokens: list[Token], place: int) -> str:
    return tokens[place].text if 0 <= place < len(tokens) else ""


def _kind_at(tokens: list[Token], place: int) -> str:
    return tokens[place].kind if 0 <= place < len(tokens) else ""


def _nearest(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
