"""Structured output and pictures, side by side: three lighthouses, each described as JSON and then drawn."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from routing import ai_task

if TYPE_CHECKING:
    from registry.words import TaskResult

PLACES = ("a bare rock far out at sea", "a sandy island with gulls", "the end of a harbour wall")

SCHEMA = {
    "type": "object",
    "properties": {
        "keeper": {"enum": ["an old woman", "a robot", "a boy", "a fisherman"]},
        "time_of_day": {"enum": ["dawn", "day", "dusk", "night"]},
        "weather": {"enum": ["calm", "rain", "storm", "snow"]},
    },
    "required": ["keeper", "time_of_day", "weather"],
    "additionalProperties": False,
}


async def describe(place: str) -> dict[str, Any]:
    """Who keeps the lighthouse there, and when and in what weather we see it."""
    result = await ai_task(
        "text",
        f"A lighthouse stands on {place}. Who keeps it? When do we see it, and in what weather?",
        schema=SCHEMA,
        params={"temperature": 0.9, "seed": len(place)},
        stage="describe",
        item=place,
    )
    return dict(result.data)


async def draw(place: str, facts: dict[str, Any]) -> TaskResult:
    """The lighthouse as a picture."""
    return await ai_task(
        "image",
        f"A lighthouse on {place}, with {facts['keeper']}. {facts['weather']}, {facts['time_of_day']}.",
        params={"width": 640, "height": 360},
        hints={"shot_type": "wide", "time_of_day": facts["time_of_day"], "caption": f"{facts['keeper']}, {place}"},
        stage="draw",
        item=place,
    )


async def make(place: str) -> tuple[dict[str, Any], TaskResult]:
    """One lighthouse, from words to picture."""
    facts = await describe(place)
    return facts, await draw(place, facts)


async def make_all() -> list[tuple[dict[str, Any], TaskResult]]:
    """All of them at once; if one fails, the others are stopped."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(make(place)) for place in PLACES]
    return [task.result() for task in tasks]


def main(directory: Path) -> None:
    """Make them, save the pictures, say what came out."""
    directory.mkdir(parents=True, exist_ok=True)
    for number, (facts, drawn) in enumerate(asyncio.run(make_all()), 1):
        path = directory / f"lighthouse-{number}.png"
        path.write_bytes(drawn.media[0].content)
        print(f"{path}: {facts['keeper']}, {facts['time_of_day']}, {facts['weather']} (drawn by {drawn.offering})")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out/lighthouses"))
