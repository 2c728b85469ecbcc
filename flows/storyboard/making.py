"""Making a storyboard: the stages in their order, as items of a run, each through the router."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from flows.storyboard.pictures import draw, picture_jobs
from flows.storyboard.plan import make_plan
from flows.storyboard.shots import settle_shots, write_shot
from flows.storyboard.stages import analyse, cast, choose_style, describe_character, write_scene
from flows.storyboard.words import Analysis, Cast, Character, Panel, Scene, Shot, Storyboard, Style

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from pydantic import BaseModel

    from flows.resuming import RunItems
    from flows.storyboard.parameters import StoryboardParameters
    from flows.storyboard.pictures import PictureJob
    from flows.storyboard.words import Plan, ShotBrief, Thought
    from flows.watching import Observer
    from registry import Assets
    from registry.words import TaskRequest, TaskResult
    from routing.wishes import Wishes

    M = TypeVar("M", bound=BaseModel)

T = TypeVar("T")

VERSION = "1"
"""Of rules, schemas and prompts together: an item's result is used again only by the same version."""

STAGES = ("analysis", "style", "characters", "scenes", "shots", "pictures")


class Step(Protocol):
    """Does one item as a step that can be seen: a Prefect task run, or just a call."""

    async def __call__(self, stage: str, item: str, work: Callable[[], Awaitable[T]]) -> T:
        """Do ``work`` as that step."""
        ...


class StoryboardMaking:
    """Makes one storyboard: one object, one :meth:`make`.

    Args:
        run_id: the run that requests and items belong to.
        ask: has a piece of work done by a service.
        items: the run's item ledger.
        assets: keeps the pictures.
        step: shows each item as it likes.
        observer: is told of progress.
        wishes: how every request is to be routed.
        max_parallel: how many items of a stage are worked on at once.
    """

    def __init__(
        self,
        *,
        run_id: int,
        ask: Callable[[TaskRequest], Awaitable[TaskResult]],
        items: RunItems,
        assets: Assets,
        step: Step,
        observer: Observer,
        wishes: Wishes,
        max_parallel: int,
    ) -> None:
        self._run_id = run_id
        self._route = ask
        self._items = items
        self._assets = assets
        self._step = step
        self._observer = observer
        self._wishes = wishes
        self._places = asyncio.Semaphore(max_parallel)
        self.results: list[tuple[TaskRequest, TaskResult]] = []
        """What services did in this process, for the audit."""

    async def make(self, thought: Thought, parameters: StoryboardParameters) -> tuple[Storyboard, dict[str, bytes]]:
        """All stages, one after the other, the items of a stage side by side; and the pictures by shot."""
        analysis, style, cast_ = await self._understand(thought, parameters.style)
        characters = await self._characters(thought, cast_.names)
        plan = make_plan(thought, cast_.names, parameters.max_shots)
        scenes = await self._scenes(thought, plan)
        shots = await self._shots(thought, plan)
        size = {"width": parameters.width, "height": parameters.height}
        panels = await self._panels(picture_jobs(shots, scenes, characters, style, **size))
        board = Storyboard(
            thought=thought,
            analysis=analysis,
            style=style,
            characters=characters,
            scenes=scenes,
            shots=shots,
            panels=panels,
        )
        pictures = {panel.shot_id: (await self._assets.read(panel.digest)).content for panel in panels}
        return board, pictures

    async def _understand(self, thought: Thought, wanted_style: str | None) -> tuple[Analysis, Style, Cast]:
        """What it is about and how it is drawn; beside that, for it depends on neither, who acts in it."""
        self._observer.stage_began("analysis", 1)
        self._observer.stage_began("style", 1)
        self._observer.stage_began("characters", 1)
        about, acting = await self._together(
            [
                self._analysis_and_style(thought, wanted_style),
                self._item("characters", "cast", Cast, (thought,), partial(cast, self._ask, thought)),
            ]
        )
        return *about, acting

    async def _analysis_and_style(self, thought: Thought, wanted_style: str | None) -> tuple[Analysis, Style]:
        analysis = await self._item("analysis", "thought", Analysis, (thought,), partial(analyse, self._ask, thought))
        choose = partial(choose_style, self._ask, thought, analysis, wanted_style)
        return analysis, await self._item("style", "style", Style, (thought, analysis, wanted_style), choose)

    async def _characters(self, thought: Thought, names: Sequence[str]) -> tuple[Character, ...]:
        self._observer.stage_began("characters", len(names))
        return tuple(
            await self._together(
                self._item(
                    "characters", name, Character, (thought, name),
                    partial(describe_character, self._ask, thought, name),
                )
                for name in names
            )
        )  # fmt: skip

    async def _scenes(self, thought: Thought, plan: Plan) -> tuple[Scene, ...]:
        self._observer.stage_began("scenes", len(plan.scenes))
        return tuple(
            await self._together(
                self._item(
                    "scenes", brief.scene_id, Scene, (thought.voice, brief),
                    partial(write_scene, self._ask, brief, thought.voice),
                )
                for brief in plan.scenes
            )
        )  # fmt: skip

    async def _shots(self, thought: Thought, plan: Plan) -> tuple[Shot, ...]:
        self._observer.stage_began("shots", len(plan.shots))
        drafts = await self._together(
            self._item(
                "shots", brief.shot_id, Shot, (thought.voice, brief),
                partial(write_shot, self._ask, brief, thought.voice),
            )
            for brief in plan.shots
        )  # fmt: skip

        async def rewrite(brief: ShotBrief, *, unlike: Sequence[str]) -> Shot:
            self._observer.stage_began("shots", 1)
            work = partial(write_shot, self._ask, brief, thought.voice, unlike=unlike)
            return await self._item("shots", f"{brief.shot_id}, again", Shot, (thought.voice, brief, unlike), work)

        return await settle_shots(rewrite, plan.shots, drafts)

    async def _panels(self, jobs: Sequence[PictureJob]) -> tuple[Panel, ...]:
        self._observer.stage_began("pictures", len(jobs))
        return tuple(
            await self._together(
                self._item("pictures", job.shot.shot_id, Panel, (job,), partial(self._draw, job)) for job in jobs
            )
        )

    async def _draw(self, job: PictureJob) -> Panel:
        drawn = await draw(self._ask, job)
        await self._assets.put(drawn.media)
        return drawn.panel

    async def _ask(self, request: TaskRequest) -> TaskResult:
        """Route a stage's request in the name of this run."""
        owned = replace(self._wishes.on(request), run_id=self._run_id)
        result = await self._route(owned)
        self.results.append((owned, result))
        self._observer.task_done(request.stage, request.item, result)
        return result

    async def _item(
        self, stage: str, item: str, kind: type[M], inputs: tuple[Any, ...], work: Callable[[], Awaitable[M]]
    ) -> M:
        async with self._places:
            return await self._step(stage, item, partial(self._items.once, stage, item, kind, inputs, work))

    async def _together(self, items: Any) -> list[Any]:
        """Do items side by side; when one fails, the others are stopped, and its error comes out."""
        tasks = [asyncio.create_task(item) for item in items]
        try:
            return await asyncio.gather(*tasks)
        except BaseException:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            raise
