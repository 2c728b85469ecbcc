"""The page: a whole storyboard in one HTML file, pictures inside, that asks nothing of any network."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from registry.words import format_usd

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flows.storyboard.words import Character, Shot, Storyboard

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
        panels=[_panel(storyboard, shot, pictures[shot.shot_id]) for shot in storyboard.shots],
        characters=[_character(character) for character in storyboard.characters],
        decisions=[_decision(row) for row in storyboard.decisions],
        total_cost=format_usd(sum(row.cost_nanousd for row in storyboard.decisions)),
    )


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


def _decision(row: Any) -> dict[str, Any]:
    return {
        "stage": row.stage,
        "item": row.item,
        "offering": row.offering,
        "runners_up": row.runners_up,
        "latency": f"{row.latency_ms / 1000:.1f} s" if row.latency_ms >= 1000 else f"{row.latency_ms:.0f} ms",
        "cost": format_usd(row.cost_nanousd),
        "score": "" if row.score is None else f"{row.score:.2f}",
    }
