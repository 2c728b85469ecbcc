"""When two items are alike: after case, punctuation and white space are evened out; and where in JSON the items are."""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

_SPACED = str.maketrans(dict.fromkeys(string.punctuation, " "))
# A number tells items apart, it does not make them different.
_NUMBERING = frozenset({"id", "number", "order", "index", "no", "nr"})


def normalised(value: Any) -> str:
    """A value with the differences taken out that make no difference.

    Text loses case, punctuation and extra white space (but not if nothing else is in it). Of a mapping, the keys that
    only number it (``id``, ``shot_id``, ``order``) are left out, unless it has no others.

    >>> normalised("The sea, at Night!") == normalised("the sea   at night")
    True
    """
    if isinstance(value, str):
        return _normalised_text(value)
    if isinstance(value, Mapping):
        telling = {key: part for key, part in value.items() if not _is_numbering(str(key))} or value
        return "{" + ";".join(sorted(f"{key}={normalised(part)}" for key, part in telling.items())) + "}"
    if isinstance(value, Sequence) and not isinstance(value, bytes):
        return "[" + ";".join(map(normalised, value)) + "]"
    return repr(value)


def _normalised_text(text: str) -> str:
    if text.isascii():
        words = text.lower().translate(_SPACED).split()
    else:
        folded = unicodedata.normalize("NFKC", text).casefold()
        # Marks (category M) stay: they are the vowels of Arabic, Hindi and Thai.
        words = "".join(" " if unicodedata.category(char)[0] in "PZC" else char for char in folded).split()
    return " ".join(words) or text.strip()


def _is_numbering(key: str) -> bool:
    return key in _NUMBERING or key.endswith(("_id", "_no", "_number", "_index"))


def items_at(data: Any, path: str) -> list[Any] | None:
    """The items that a path leads to, None where it leads nowhere.

    A path is a JSON pointer without its first stroke (RFC 6901: ``scenes/0/shots``), where ``*`` stands for every
    member. Lists at the end are put together: ``scenes/*/shots`` gives the shots of all scenes.

    >>> items_at({"scenes": [{"shots": [1, 2]}, {"shots": [3]}]}, "scenes/*/shots")
    [1, 2, 3]
    """
    nodes = [data]
    for part in filter(None, path.split("/")):
        nodes = [below for node in nodes for below in _members(node, part.replace("~1", "/").replace("~0", "~"))]
    lists = [node for node in nodes if isinstance(node, list)]
    if lists and len(lists) == len(nodes):
        return [item for node in lists for item in node]
    return nodes if "*" in path and nodes else None


def _members(node: Any, part: str) -> list[Any]:
    if isinstance(node, Mapping):
        if part == "*":
            return list(node.values())
        return [node[part]] if part in node else []
    if isinstance(node, list):
        if part == "*":
            return node
        return [node[int(part)]] if part.isdecimal() and int(part) < len(node) else []
    return []


def first_alike(items: Sequence[Any]) -> tuple[int, int] | None:
    """The positions, from 0, of the first two items that are alike; None where all differ."""
    seen: dict[str, int] = {}
    for position, item in enumerate(items):
        earlier = seen.setdefault(normalised(item), position)
        if earlier != position:
            return earlier, position
    return None
