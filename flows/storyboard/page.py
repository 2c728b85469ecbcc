"""The page: a whole storyboard in one HTML file, pictures inside, that asks nothing of any network."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.words import format_usd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from flows.storyboard.words import Character, DecisionRow, Shot, Storyboard, Voice

_TEMPLATES = Path(__file__).parent / "templates"


def render_page(storyboard: Storyboard, pictures: Mapping[str, bytes]) -> str:
    """The page as HTML. ``pictures`` are the files by ``shot_id``; they are embedded, so that one file is all."""
    # Jinja is of no use to whoever only plans.
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("storyboard.html.j2").render(
        board=storyboard,
        tally=storyboard.tally(),
        direction=storyboard.thought.voice.direction,
        language=_language(storyboard.thought.voice),
        panels=[_panel(storyboard, shot, pictures[shot.shot_id]) for shot in storyboard.shots],
        characters=[_character(character) for character in storyboard.characters],
        stages=_by_stage(storyboard.decisions),
        decisions=[_decision(row) for row in storyboard.decisions],
        total_cost=format_usd(sum(row.cost_nanousd for row in storyboard.decisions)),
    )


def _language(voice: Voice) -> str:
    """The thought's language as HTML has it; empty, which says that it is not known, is better than a wrong one."""
    if re.fullmatch(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*", voice.language):
        return voice.language
    return "en" if voice.english else ""


def _panel(storyboard: Storyboard, shot: Shot, picture: bytes) -> dict[str, Any]:
    scene = next(scene for scene in storyboard.scenes if scene.scene_id == shot.scene_id)
    panel = next(panel for panel in storyboard.panels if panel.shot_id == shot.shot_id)
    from_model = shot.origin_of("description") == "model"
    return {
        "shot": shot,
        "place": ", ".join(part for part in (scene.setting, scene.time_of_day.value) if part),
        "scene": scene.order,
        "picture": f"data:{panel.media_type};base64,{base64.b64encode(picture).decode()}",
        "panel": panel,
        "alt": f"{shot.shot_type.value.capitalize()} shot: {shot.description}",
        "written_by": shot.offering if from_model else "the text itself",
        "from_model": from_model,
        "repeats_source": shot.description.strip(" .") == " ".join(shot.source_text.split()).strip(" ."),
    }


def _character(character: Character) -> dict[str, str]:
    looks = character.looks.removeprefix(character.name).lstrip(", ")
    return {"name": character.name[:1].upper() + character.name[1:], "looks": looks}


def _by_stage(rows: Sequence[DecisionRow]) -> list[dict[str, Any]]:
    """One line for all decisions of a stage that went the same way, in the order in which they were first taken."""
    alike: dict[tuple[str, str, str], list[DecisionRow]] = {}
    for row in rows:
        alike.setdefault((row.stage, row.offering, _others(row)), []).append(row)
    return [
        {
            "stage": stage,
            "pieces": len(group),
            "offering": offering,
            "others": others,
            "latency": _seconds(sum(row.latency_ms for row in group)),
            "cost": format_usd(sum(row.cost_nanousd for row in group)),
            "score": _mean([row.score for row in group if row.score is not None]),
        }
        for (stage, offering, others), group in alike.items()
    ]


def _decision(row: DecisionRow) -> dict[str, Any]:
    return {
        "stage": row.stage,
        "item": row.item,
        "offering": row.offering,
        "others": _others(row),
        "latency": _seconds(row.latency_ms),
        "cost": format_usd(row.cost_nanousd),
        "score": _mean([] if row.score is None else [row.score]),
    }


def _others(row: DecisionRow) -> str:
    return "; ".join(row.runners_up)


def _seconds(latency_ms: float) -> str:
    return f"{latency_ms / 1000:.1f} s" if latency_ms >= 1000 else f"{latency_ms:.0f} ms"


def _mean(scores: Sequence[float]) -> str:
    return f"{sum(scores) / len(scores):.2f}" if scores else ""
