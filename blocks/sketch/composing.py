"""A scene put on a sheet, from the sky to the nearest figure."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from blocks.sketch.camera import CAMERAS
from blocks.sketch.cast import draw_cast, draw_cast_from_above, framed, held_by
from blocks.sketch.crowd import draw_crowd, draw_crowd_from_above
from blocks.sketch.ground import draw_ground
from blocks.sketch.pencil import Sheet
from blocks.sketch.plan import draw_plan
from blocks.sketch.room import draw_room
from blocks.sketch.sky import PALETTES, draw_sky
from blocks.sketch.stage import draw_stage, draw_still_life
from blocks.sketch.weather import draw_weather

if TYPE_CHECKING:
    from blocks.sketch.scene import Scene

# Near shots throw their surroundings out of focus: on paper, they are drawn fainter.
_FAINT = {"medium": 0.2, "over-the-shoulder": 0.2, "close-up": 0.46}
_SPACE_HORIZON = 68.0


def compose(scene: Scene, width: float, scale: float) -> Sheet:
    """The scene on a sheet ``width`` units wide and 100 high, at ``scale`` pixels a unit."""
    sheet = Sheet(width, scale, PALETTES[scene.light], random.Random(scene.seed))  # noqa: S311 - a drawing
    if scene.shot == "bird's-eye":
        draw_plan(sheet, scene)
        if scene.crowd:
            draw_crowd_from_above(sheet)
        draw_cast_from_above(sheet, scene)
    else:
        _from_the_side(sheet, scene)
    draw_weather(sheet, scene)
    return sheet


def _from_the_side(sheet: Sheet, scene: Scene) -> None:
    camera = framed(CAMERAS[scene.shot], scene)
    if scene.ground == "room":
        draw_room(sheet, scene, camera)
    else:
        draw_sky(sheet, scene, max(_SPACE_HORIZON, camera.horizon) if scene.ground == "space" else camera.horizon)
        if camera.depth > 0:
            draw_ground(sheet, scene, camera)
    if camera.depth > 0:
        draw_stage(sheet, scene, camera, held_by(scene))
        if scene.crowd:
            draw_crowd(sheet, camera)
    faint = _FAINT.get(scene.shot, 0.0)
    if faint:
        whole = [(0.0, 0.0), (sheet.width, 0.0), (sheet.width, sheet.height), (0.0, sheet.height)]
        sheet.area(whole, 0.34 if scene.light == "night" else 0.02, alpha=faint)
    if scene.characters:
        draw_cast(sheet, scene, camera)
    elif scene.shot in {"close-up", "extreme close-up", "medium", "over-the-shoulder"}:
        draw_still_life(sheet, scene)
