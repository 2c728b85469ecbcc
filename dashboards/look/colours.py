"""Colours of Turnout, for light and for dark, and the marks of states."""

from __future__ import annotations

from typing import Any

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', sans-serif"

# Told apart on light and on dark, and by most who see colours differently; failures alone are red.
SERVICES = ("#5b8def", "#2fa89a", "#d9952f", "#a678de", "#6f9c3d", "#d77fae", "#7d8b99", "#b98a5e")
FAILED = "#d9534a"
FAST = "#5b8def"
SLOW = "#d9952f"

STATES = {
    "done": "#2f9e63", "up": "#2f9e63",
    "running": "#5b8def",
    "failed": FAILED, "down": FAILED,
    "degraded": "#d9952f", "interrupted": "#d9952f", "silent": "#d9952f", "rejected": "#d9952f", "no key": "#d9952f",
    "out": "#d9952f",
    "off": "#8b9097", "idle": "#8b9097", "pending": "#8b9097",
}  # fmt: skip


def _scheme(*, ink: str, soft: str, line: str, page: str, card: str, accent: str, on_accent: str) -> dict[str, Any]:
    return {
        "palette": {
            "primary": {"main": accent, "contrastText": on_accent},
            "secondary": {"main": soft},
            "success": {"main": STATES["done"]},
            "warning": {"main": STATES["degraded"]},
            "error": {"main": FAILED},
            "text": {"primary": ink, "secondary": soft},
            "divider": line,
            "background": {"default": page, "paper": card},
        },
        "typography": {"fontFamily": FONT, "fontSize": 13, "button": {"textTransform": "none", "fontWeight": 600}},
        "shape": {"borderRadius": 8},
    }


THEME = {
    "light": _scheme(
        ink="#1c1d1f", soft="#62656a", line="#e3e3df", page="#f7f7f5", card="#ffffff", accent="#2f5bd7",
        on_accent="#ffffff",
    ),
    "dark": _scheme(
        ink="#ececea", soft="#9b9fa6", line="#2c2f34", page="#131416", card="#1b1d20", accent="#8fb0ff",
        on_accent="#131416",
    ),
}  # fmt: skip


def colour_of(state: str) -> str:
    """The colour of a state; grey for one that is not known."""
    return STATES.get(state, "#8b9097")
