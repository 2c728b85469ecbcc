"""One thought becomes a storyboard: the stages, their values, and the page."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from flows.storyboard.decisions import decision_row
    from flows.storyboard.outputs import Outputs, check_complete, write_outputs
    from flows.storyboard.parameters import StoryboardParameters
    from flows.storyboard.pictures import Drawn, PictureJob, draw, picture_jobs, picture_request
    from flows.storyboard.plan import make_plan
    from flows.storyboard.repair import Ask
    from flows.storyboard.shots import settle_shots, write_shot
    from flows.storyboard.stages import analyse, cast, choose_style, describe_character, write_scene
    from flows.storyboard.thought import read_thought, read_thought_file
    from flows.storyboard.words import (
        Analysis,
        Cast,
        Character,
        DecisionRow,
        Panel,
        Plan,
        Scene,
        SceneBrief,
        Shot,
        ShotBrief,
        Storyboard,
        Style,
        Thought,
        Voice,
    )

__all__ = [
    "Analysis",
    "Ask",
    "Cast",
    "Character",
    "DecisionRow",
    "Drawn",
    "Outputs",
    "Panel",
    "PictureJob",
    "Plan",
    "Scene",
    "SceneBrief",
    "Shot",
    "ShotBrief",
    "Storyboard",
    "StoryboardParameters",
    "Style",
    "Thought",
    "Voice",
    "analyse",
    "cast",
    "check_complete",
    "choose_style",
    "decision_row",
    "describe_character",
    "draw",
    "make_plan",
    "picture_jobs",
    "picture_request",
    "read_thought",
    "read_thought_file",
    "settle_shots",
    "write_outputs",
    "write_scene",
    "write_shot",
]

_WORDS = "Analysis Cast Character DecisionRow Panel Plan Scene SceneBrief Shot ShotBrief Storyboard Style Thought Voice"

__getattr__, __dir__ = lazily(
    __name__,
    {
        **dict.fromkeys(_WORDS.split(), "flows.storyboard.words"),
        **dict.fromkeys(
            ("analyse", "cast", "choose_style", "describe_character", "write_scene"), "flows.storyboard.stages"
        ),
        **dict.fromkeys(("settle_shots", "write_shot"), "flows.storyboard.shots"),
        **dict.fromkeys(
            ("Drawn", "PictureJob", "draw", "picture_jobs", "picture_request"), "flows.storyboard.pictures"
        ),
        **dict.fromkeys(("Outputs", "check_complete", "write_outputs"), "flows.storyboard.outputs"),
        **dict.fromkeys(("read_thought", "read_thought_file"), "flows.storyboard.thought"),
        "Ask": "flows.storyboard.repair",
        "StoryboardParameters": "flows.storyboard.parameters",
        "decision_row": "flows.storyboard.decisions",
        "make_plan": "flows.storyboard.plan",
    },
)
