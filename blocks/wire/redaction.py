"""Keeping secrets out of what providers say: their messages can echo a key, whole, shortened or starred."""

from __future__ import annotations

import re
from urllib.parse import quote

_HIDDEN = "[hidden]"
_LONGEST_MESSAGE = 400

# Shapes of keys that providers hand out, also half starred, as some of them echo them.
_KEY_SHAPES = re.compile(
    r"\b(?:sk|pk|rk|gsk|xai|pplx|hf|r8|key|ghp|AIza)[-_][\w*.\-]{6,}"
    r"|\bAIza[\w*\-]{10,}"
    r"|(?i:\bbearer\s+)[\w*.\-~+/=]{4,}"
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"
)
_TOKEN = re.compile(r"[\w*\-.~+/=]{8,}")


def redact(text: str, secret: str | None = None) -> str:
    """The text with everything hidden that is the secret, starts or ends like it, or has the shape of a key.

    >>> redact("Incorrect API key provided: tops****cret.", "topsecret-secret")
    'Incorrect API key provided: [hidden]'
    """
    if secret:
        for spelling in {secret, quote(secret, safe=""), secret.strip()} - {""}:
            text = text.replace(spelling, _HIDDEN)
        if len(secret) >= 12:
            text = _TOKEN.sub(lambda found: _HIDDEN if _resembles(found[0], secret) else found[0], text)
    return _KEY_SHAPES.sub(_HIDDEN, text)


def for_people(text: str, secret: str | None = None) -> str:
    """A provider's message as it may be shown: without secrets, on one line, of bounded length."""
    # Cut roughly first: a message of a megabyte is not searched to its end. A key on the edge is hidden by its shape.
    text = redact(text[: 4 * _LONGEST_MESSAGE], secret)
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def _resembles(token: str, secret: str) -> bool:
    token = token.rstrip(".")
    return token.startswith(secret[:4]) or token.endswith(secret[-4:])
