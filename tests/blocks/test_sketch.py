"""The service that draws: a labelled picture for any request, the same for the same, within its time."""

import asyncio
import subprocess
import sys
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from blocks.contract import AIService, Call, End, MediaPart, UsageReport
from blocks.errors import ServiceFailure
from blocks.sketch import Sketch, vocabulary
from blocks.sketch.animals import ANIMALS
from blocks.sketch.cast import figure_height
from blocks.sketch.scene import read_scene
from blocks.sketch.vocabulary import GROUNDS, SHOT_TYPES, THINGS
from registry.words import Capability, FailureClass, Model, Offering, Service, TaskRequest, Usage

OFFERING = Offering(
    offering_id=1,
    service=Service(service_id=1, name="sketch", kind="sketch"),
    model=Model(model_id=1, name="storyboard"),
    remote_name="storyboard",
    capabilities=frozenset({Capability.IMAGE}),
)
PROMPT = "Mara, a young woman, and a robot stand by a lighthouse on the shore at night."


@pytest.fixture(scope="module")
def sketch():
    return Sketch()


def asked(prompt=PROMPT, *, width=None, height=None, **hints):
    size = {name: value for name, value in (("width", width), ("height", height)) if value is not None}
    return TaskRequest(capability=Capability.IMAGE, prompt=prompt, hints=hints, params=size)


async def events_of(service, request, **limits):
    return [event async for event in service.stream(Call(request=request, offering=OFFERING, **limits))]


def opened(content):
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture.convert("RGB")


def red_pixels(picture, box):
    """How many pixels of a region have the red that only the label and the camera's arrows have."""
    counts = picture.crop(box).getcolors(1 << 20)
    return sum(count for count, (red, green, blue) in counts if red > 150 and red - max(green, blue) > 60)


async def test_a_frame_is_one_picture_its_usage_and_the_end(sketch):
    assert isinstance(sketch, AIService)
    media, usage, end = await events_of(sketch, asked())
    assert isinstance(media, MediaPart)
    assert (media.media.media_type, media.media.width, media.media.height) == ("image/png", 768, 432)
    assert opened(media.media.content).size == (768, 432)
    assert usage == UsageReport(Usage(pictures=1))
    assert end == End()


def test_the_same_request_gives_the_same_bytes_in_any_instance(sketch):
    assert sketch.draw(asked(shot_type="medium")) == Sketch().draw(asked(shot_type="medium"))


def test_different_shots_of_one_prompt_give_different_pictures(sketch):
    pictures = {shot: sketch.draw(asked(shot_type=shot, width=192, height=108)) for shot in SHOT_TYPES}
    assert len(set(pictures.values())) == len(SHOT_TYPES)


def test_another_item_of_the_same_shot_type_is_another_picture(sketch):
    first, second = (sketch.draw(asked(f"A robot walks. {number}", width=192, height=108)) for number in (1, 2))
    assert first != second


@pytest.mark.parametrize("light", ["day", "night", "dusk"])
def test_a_frame_of_the_usual_size_is_small_enough_for_a_page_of_many(sketch, light):
    content = sketch.draw(asked(shot_type="wide", time_of_day=light, caption="The light is on."))
    assert len(content) < 150_000


@pytest.mark.parametrize(("width", "height"), [(768, 432), (432, 768), (160, 160), (64, 64), (2048, 64), (64, 2048)])
def test_every_frame_bears_the_label_that_says_what_it_is(sketch, width, height):
    picture = opened(sketch.draw(asked(width=width, height=height, shot_type="wide", camera_motion="static")))
    assert picture.size == (width, height)
    assert red_pixels(picture, (0, 0, width, height)) >= 4


def test_the_cameras_movement_is_drawn_in_red(sketch):
    still = opened(sketch.draw(asked(caption="", camera_motion="static")))
    moved = opened(sketch.draw(asked(caption="", camera_motion="push in")))
    corner = (0, 230, 384, 432)  # far from the label
    assert red_pixels(still, corner) == 0
    assert red_pixels(moved, corner) > 40


@pytest.mark.parametrize(
    ("name", "size"), [("width", 63), ("height", 2049), ("width", "768"), ("height", True), ("width", 7.5)]
)
async def test_a_size_out_of_bounds_is_the_callers_fault(sketch, name, size):
    with pytest.raises(ServiceFailure, match=f"the {name} of a sketch") as caught:
        await events_of(sketch, asked(**{name: size}))
    assert caught.value.failure is FailureClass.CALLER_FAULT


async def test_text_is_not_its_trade(sketch):
    with pytest.raises(ServiceFailure) as caught:
        await events_of(sketch, TaskRequest(capability=Capability.TEXT, prompt=PROMPT))
    assert caught.value.failure is FailureClass.CALLER_FAULT


async def test_out_of_time_is_transient(sketch):
    with pytest.raises(ServiceFailure) as caught:
        await events_of(sketch, asked(), timeout_seconds=0.001)
    assert caught.value.failure is FailureClass.TRANSIENT


async def test_whoever_goes_away_is_not_kept(sketch):
    task = asyncio.create_task(events_of(sketch, asked(width=2048, height=2048)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_many_at_once_draw_what_each_draws_alone(sketch):
    requests = [asked(f"A bird, number {number}.", width=128, height=72, caption="سلام") for number in range(8)]
    together = await asyncio.gather(*(events_of(sketch, request) for request in requests))
    assert [events[0].media.content for events in together] == [sketch.draw(request) for request in requests]


@pytest.mark.parametrize("shot", SHOT_TYPES)
def test_every_place_and_thing_can_be_drawn_in_every_shot(sketch, shot):
    things = sorted(set(THINGS))
    for number, ground in enumerate(sorted({GROUNDS[word] for word in GROUNDS})):
        word = next(word for word in GROUNDS if GROUNDS[word] == ground)
        named = " ".join(things[number::11][:8])
        weather = ("storm", "snow", "fog", "rain", "wind")[number % 5]
        content = sketch.draw(
            asked(f"{named} {weather}", setting=word, shot_type=shot, width=96, height=64, characters=[])
        )
        assert opened(content).size == (96, 64)


@pytest.mark.parametrize("shot", SHOT_TYPES)
def test_every_kind_of_figure_can_be_drawn_in_every_shot(sketch, shot):
    for pose in ("walks", "sits", "waves", "looks up, sad", "holding a lantern", "runs, angry", "with an umbrella"):
        for cast in (
            ["robot", "old man"],
            ["bird", "dog"],
            ["cat", "girl"],
            ["whale"],
            ["astronaut", "boy", "woman", "man"],
        ):
            sketch.draw(asked(f"One {pose} by the sea.", characters=cast, shot_type=shot, width=80, height=64))


@pytest.mark.parametrize("shot", SHOT_TYPES)
def test_every_animal_can_be_drawn_in_every_shot_and_is_no_other(sketch, shot):
    pictures = {
        kind: sketch.draw(asked("It waits.", setting="field", characters=[kind], shot_type=shot, width=80, height=64))
        for kind in ANIMALS
    }
    assert len(set(pictures.values())) == len(ANIMALS)


def test_a_fox_is_no_dog_and_what_no_silhouette_is_known_of_is_neither():
    kinds = [vocabulary.FIGURES[word] for word in ("fox", "wolf", "dog", "badger")]
    assert kinds == ["fox", "wolf", "dog", "animal"]


def test_a_small_robot_is_drawn_smaller_beside_a_grown_person():
    def height(name):
        scene = read_scene(asked("A woman and a robot.", characters=["woman", name], shot_type="wide"))
        return figure_height(scene.characters[1]) / figure_height(scene.characters[0])

    assert height("small robot") < 0.7 < height("robot")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    prompt=st.text(max_size=120),
    hints=st.dictionaries(
        st.sampled_from(
            ["shot_type", "characters", "setting", "location", "time_of_day", "caption", "camera_motion", "motion"]
        ),
        ANYTHING,
    ),
)
def test_whatever_a_model_puts_into_a_request_becomes_a_picture(sketch, prompt, hints):
    content = sketch.draw(asked(prompt, width=200, height=170, **hints))
    assert opened(content).size == (200, 170)


def test_the_room_can_be_imported_without_pillow_or_numpy():
    script = (
        "import sys; from blocks.sketch import Sketch; Sketch()\n"
        "print([name for name in ('PIL', 'numpy', 'fontpkg', 'prefect') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
