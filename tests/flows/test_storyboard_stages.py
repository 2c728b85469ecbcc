import asyncio
import json
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from blocks.errors import ServiceFailure
from flows import PictureMissing
from flows.storyboard import (
    Analysis,
    Cast,
    Character,
    PictureJob,
    Scene,
    Shot,
    ShotBrief,
    Style,
    analyse,
    cast,
    choose_style,
    describe_character,
    draw,
    make_plan,
    picture_jobs,
    picture_request,
    read_thought,
    settle_shots,
    write_scene,
    write_shot,
)
from flows.storyboard.grounding import alike
from flows.storyboard.vocabulary import ShotType
from quality import Checks, compile_checks
from registry.words import Attempt, Capability, Decision, FailureClass, Media, TaskResult, Usage

EXAMPLE = (Path(__file__).parents[2] / "examples" / "thought.txt").read_text(encoding="utf-8")
ARABIC = "حارسة منارة عجوز لم تكلم أحدا منذ عام. في ليلة عاصفة ألقى البحر روبوتا صغيرا على الصخور."
OFFERING = "local/tiny"


class Scribe:
    """An ``ask`` that answers by a function of the request, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer = answer
        self.requests = []

    async def __call__(self, request):
        self.requests.append(request)
        answer = self.answer(request)
        if isinstance(answer, Exception):
            raise answer
        media = (answer,) if isinstance(answer, Media) else ()
        decision = Decision(
            task_id=len(self.requests), capability=request.capability, policy="default", policy_version=1, policy_id=1,
            snapshot_id=1, snapshot_version=1, candidates=(),
        )  # fmt: skip
        return TaskResult(
            task_id=len(self.requests), text=json.dumps(answer, default=str), data=None if media else answer,
            media=media, usage=Usage(), cost_nanousd=0, latency_ms=1.0, decision=decision,
            attempts=(Attempt(number=1, offering_id=1, offering=OFFERING),),
        )  # fmt: skip

    def last_words(self):
        return [request.messages[-1].content for request in self.requests]


def parrot(request):
    """What the worst of models says: the same valid answer to everything, made from the schema alone."""

    def fill(schema):
        if "enum" in schema:
            return schema["enum"][0]
        if schema["type"] == "array":
            return [fill(schema["items"])] * max(1, schema["minItems"])
        return ("Lemon white-white-white " * 20)[: schema["maxLength"]]

    return {key: fill(schema) for key, schema in request.schema["properties"].items()}


async def whole_storyboard(ask, text, max_shots=6):
    thought = read_thought(text)
    analysis = await analyse(ask, thought)
    style = await choose_style(ask, thought, analysis)
    names = (await cast(ask, thought)).names
    characters = [await describe_character(ask, thought, name) for name in names]
    plan = make_plan(thought, names, max_shots)
    scenes = await asyncio.gather(*(write_scene(ask, brief, thought.voice) for brief in plan.scenes))
    shots = await asyncio.gather(*(write_shot(ask, brief, thought.voice) for brief in plan.shots))
    shots = await settle_shots(rewriting(ask, thought.voice), plan.shots, shots)
    return analysis, style, characters, scenes, shots, picture_jobs(shots, scenes, characters, style)


def rewriting(ask, voice):
    return partial(write_shot, ask, voice=voice)


def brief(moment="The old woman carries the small robot up the stairs.", **changes):
    plan = make_plan(read_thought(moment), ("old woman", "small robot"), 4)
    return plan.shots[0].model_copy(update=changes)


def says(description):
    return lambda request: {**parrot(request), "description": description}


async def test_a_good_description_is_kept_with_who_wrote_it():
    ask = Scribe(says("The old woman climbs the stairs with the robot."))
    shot = await write_shot(ask, brief(), read_thought(EXAMPLE).voice)
    assert shot.description == "The old woman climbs the stairs with the robot."
    assert (shot.origin_of("description"), shot.offering, shot.credits[0].tries) == ("model", OFFERING, 1)


async def test_a_bad_description_is_asked_for_again_with_the_reason():
    answers = iter(["She carries the robot up the stairs.", "The old woman climbs the stairs with the robot."])
    ask = Scribe(lambda request: {**parrot(request), "description": next(answers)})
    shot = await write_shot(ask, brief(), read_thought(EXAMPLE).voice)
    assert shot.credits[0].tries == 2
    assert "pronoun" in ask.last_words()[1]
    assert "pronoun" not in ask.last_words()[0]
    first, second = (request.params for request in ask.requests)
    assert first["seed"] != second["seed"]
    assert first["temperature"] < second["temperature"]


async def test_after_three_bad_answers_the_text_itself_stands_in_and_says_so():
    ask = Scribe(says("Lemon trees in a white room."))
    shot = await write_shot(ask, brief(), read_thought(EXAMPLE).voice)
    assert len(ask.requests) == 3
    assert shot.description == shot.source_text
    assert shot.origin == "source"
    assert shot.credits[0].reason


async def test_a_model_that_only_repeats_the_text_gets_no_credit_for_it():
    moment = "The old woman carries the small robot up the stairs."
    shot = await write_shot(Scribe(says(moment)), brief(moment), read_thought(EXAMPLE).voice)
    assert (shot.description, shot.origin_of("description")) == (moment, "source")


@pytest.mark.parametrize("data", [None, [], {}, {"description": 7}, "text"])
async def test_an_answer_without_the_asked_form_is_no_answer(data):
    shot = await write_shot(Scribe(lambda _: data), brief(), read_thought(EXAMPLE).voice)
    assert shot.origin == "source"


@pytest.mark.parametrize("failure", [FailureClass.INVALID_OUTPUT, FailureClass.REFUSED, FailureClass.TOO_LONG])
async def test_answers_that_no_service_could_give_are_replaced_by_the_text(failure):
    ask = Scribe(lambda _: ServiceFailure(failure, "cut off"))
    shot = await write_shot(ask, brief(), read_thought(EXAMPLE).voice)
    assert shot.origin == "source"


@pytest.mark.parametrize("error", [ServiceFailure(FailureClass.QUOTA, "the account is dry"), OSError("disk full")])
async def test_what_is_no_fault_of_an_answer_is_passed_on(error):
    with pytest.raises(type(error)):
        await write_shot(Scribe(lambda _: error), brief(), read_thought(EXAMPLE).voice)


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE,
        ARABIC,
        "Lighthouse",
        "🌊🤖💡🚢",
        "一只猫在月光下走过屋顶。",
        "?!",
        "word " * 50_000,
        "Two men share one bicycle.",
    ],
)
async def test_the_worst_of_models_still_leaves_a_storyboard_of_different_shots(text):
    ask = Scribe(parrot)
    analysis, _, _, scenes, shots, jobs = await whole_storyboard(ask, text)
    assert 4 <= len(shots) <= 6
    assert not any(shot.origin_of("description") == "model" for shot in shots)
    assert not any(one.description.casefold() == other.description.casefold() for one, other in combinations(shots, 2))
    assert all(
        "Lemon" not in field for field in (analysis.title, analysis.summary, *(scene.setting for scene in scenes))
    )
    assert len({picture_request(job).prompt for job in jobs}) == len(shots)


@pytest.mark.parametrize("text", [EXAMPLE, ARABIC * 400, "word " * 50_000, "🌊" * 5_000, EXAMPLE * 300])
async def test_every_question_fits_a_small_context_and_can_be_checked(text):
    ask = Scribe(parrot)
    await whole_storyboard(ask, text, max_shots=24)
    for request in ask.requests:
        Draft202012Validator.check_schema(request.schema)
        compile_checks(request, Checks.standard())
        assert request.stage
        assert request.item
        assert request.prompt_version
        # One and a half tokens a character is what small models spend on other scripts, 0.4 on Latin.
        tokens = sum(len(m.content) * (0.4 if m.content.isascii() else 1.5) for m in request.messages)
        assert tokens + request.params["max_output_tokens"] < 4_096


async def test_the_examples_shown_to_models_are_valid_answers_themselves():
    ask = Scribe(parrot)
    await whole_storyboard(ask, EXAMPLE)
    for request in ask.requests:
        shapes = {
            key: {"type": "string"} if "enum" in part else part for key, part in request.schema["properties"].items()
        }
        # Lists are narrowed to the text at hand, so examples are held to the fields and their lengths.
        shown = {**request.schema, "properties": shapes, "required": ["mood"] if "mood" in shapes else list(shapes)}
        for message in request.messages:
            if message.role == "assistant":
                Draft202012Validator(shown).validate(json.loads(message.content))


async def test_shots_that_say_the_same_are_told_apart():
    moment = "The old woman carries the small robot up the stairs."
    briefs = [brief(moment, shot_id=f"shot-0{number}", number=number, variant=number - 1) for number in (1, 2, 3)]
    ask = Scribe(says("The old woman climbs the stairs with the robot."))
    voice = read_thought(EXAMPLE).voice
    shots = [await write_shot(ask, one, voice) for one in briefs]
    settled = await settle_shots(rewriting(ask, voice), briefs, shots)
    assert settled[0] == shots[0]
    assert not any(alike(one.description, other.description) for one, other in combinations(settled, 2))
    assert [shot.origin_of("description") for shot in settled] == ["model", "source", "source"]
    assert any("another picture already shows this" in words for words in ask.last_words())


async def test_neighbours_that_a_model_gave_one_size_are_parted():
    thought = read_thought(EXAMPLE)
    plan = make_plan(thought, ("old woman", "small robot"), 6)
    ask = Scribe(lambda request: {**parrot(request), "shot_type": "medium"})
    shots = [await write_shot(ask, one, thought.voice) for one in plan.shots]
    shots = [shot.model_copy(update={"shot_type": ShotType.MEDIUM}) for shot in shots]
    settled = await settle_shots(rewriting(ask, thought.voice), plan.shots, shots)
    sizes = [str(shot.shot_type) for shot in settled]
    assert all(one != other for one, other in pairwise(sizes))


async def test_characters_are_only_those_that_the_text_names():
    ask = Scribe(lambda request: {"characters": ["The old woman", "a dragon", "lighthouse", "laughs", "robot"]})
    found = await cast(ask, read_thought(EXAMPLE + " She laughs."))
    assert found.names == ("old woman", "small robot")


async def test_the_time_that_the_text_names_stands_against_a_model():
    plan = make_plan(read_thought(EXAMPLE), (), 6)
    ask = Scribe(lambda _: {"setting": "the lighthouse", "time_of_day": "morning"})
    scene = await write_scene(ask, plan.scenes[0], read_thought(EXAMPLE).voice)
    assert (scene.setting, scene.time_of_day) == ("the lighthouse", "night")


async def test_a_style_that_a_person_wishes_for_is_taken_word_for_word():
    ask = Scribe(parrot)
    analysis = await analyse(ask, read_thought(EXAMPLE))
    asked = len(ask.requests)
    style = await choose_style(ask, read_thought(EXAMPLE), analysis, "potato print, one colour")
    assert style.phrase == "potato print, one colour"
    assert len(ask.requests) == asked


async def test_the_style_phrase_stands_word_for_word_in_every_picture_prompt():
    *_, style_jobs = await whole_storyboard(Scribe(parrot), EXAMPLE)
    phrase = style_jobs[0].style
    for job in style_jobs:
        request = picture_request(job)
        assert f"Style: {phrase}." in request.prompt
        assert job.shot.description in request.prompt
        assert request.hints["caption"] == job.shot.source_text
        assert request.params["width"] == 768
        compile_checks(request, Checks.standard())


async def test_a_picture_becomes_a_panel_that_names_its_file_and_its_maker():
    *_, jobs = await whole_storyboard(Scribe(parrot), EXAMPLE)
    media = Media(content=b"picture", media_type="image/png", width=10, height=5)
    drawn = await draw(Scribe(lambda _: media), jobs[0])
    assert drawn.media == media
    assert (drawn.panel.shot_id, drawn.panel.offering, drawn.panel.width) == ("shot-01", OFFERING, 10)
    with pytest.raises(PictureMissing, match="shot-01"):
        await draw(Scribe(lambda _: {}), jobs[0])


async def test_every_value_is_the_same_after_a_trip_through_json():
    thought = read_thought(EXAMPLE)
    analysis, style, characters, scenes, shots, jobs = await whole_storyboard(Scribe(parrot), EXAMPLE)
    names = await cast(Scribe(parrot), thought)
    values = [(Analysis, analysis), (Style, style), (Cast, names), (ShotBrief, brief())]
    values += [(Character, one) for one in characters] + [(Scene, one) for one in scenes]
    values += [(Shot, one) for one in shots] + [(PictureJob, one) for one in jobs]
    for kind, value in values:
        assert kind.model_validate(json.loads(json.dumps(value.model_dump(mode="json")))) == value


async def test_the_same_thought_asks_the_same_questions():
    first, second = Scribe(parrot), Scribe(parrot)
    await whole_storyboard(first, EXAMPLE)
    await whole_storyboard(second, EXAMPLE)
    assert first.requests == second.requests
    assert {request.capability for request in first.requests} == {Capability.TEXT}
