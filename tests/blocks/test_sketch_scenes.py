"""What a sketch understands of a request: hints first, then the words of the prompt."""

# ruff: noqa: RUF001 - other alphabets look alike

import pytest

from blocks.sketch import vocabulary
from blocks.sketch.anatomy import POSES, look_of
from blocks.sketch.animals import ANIMALS
from blocks.sketch.camera import CAMERAS
from blocks.sketch.page import _Overlay
from blocks.sketch.props import PROPS
from blocks.sketch.scene import read_scene
from registry.words import Capability, TaskRequest


def scene(prompt, **hints):
    return read_scene(TaskRequest(capability=Capability.IMAGE, prompt=prompt, hints=hints))


@pytest.mark.parametrize(
    ("prompt", "shot"),
    [
        ("Close-up of a lamp.", "close-up"),
        ("An extreme close up: her eye", "extreme close-up"),
        ("Aerial view of the town", "bird's-eye"),
        ("Low angle. The tower.", "low-angle"),
        ("Establishing shot of the harbour", "extreme wide"),
        ("OTS on the captain", "over-the-shoulder"),
        ("A robot waits.", "wide"),
    ],
)
def test_the_shot_type_is_read_from_the_prompt(prompt, shot):
    assert scene(prompt).shot == shot


def test_hints_say_more_than_the_prompt():
    read = scene("A wide shot of a forest by day.", shot_type="MEDIUM_SHOT", setting="kitchen", time_of_day="Night")
    assert (read.shot, read.ground, read.light) == ("medium", "room", "night")


@pytest.mark.parametrize(
    ("prompt", "ground", "light", "kinds"),
    [
        ("A girl and her dog run through the forest at dawn.", "forest", "dawn", ["girl", "dog"]),
        ("روبوت وطفلة على شاطئ البحر ليلاً", "shore", "night", ["robot", "girl"]),
        ("机器人站在海边，月光照着", "shore", "night", ["robot"]),
        ("Ein Mann im Wald, Abend.", "forest", "dusk", ["man"]),
        ("A whale in the sea.", "sea", "day", ["whale"]),
    ],
)
def test_place_light_and_figures_are_read_from_the_prompt(prompt, ground, light, kinds):
    read = scene(prompt)
    assert (read.ground, read.light, [who.kind for who in read.characters]) == (ground, light, kinds)


@pytest.mark.parametrize(
    ("name", "prompt", "kind"),
    [
        ("Robo the robot", "", "robot"),
        ("Old man Iven", "", "old man"),
        ("Unit", "Unit, a rusty robot, waits.", "robot"),
        ("Mara", "Mara sees the robot.", "woman"),
        ({"name": "Kim", "description": "a boy of seven"}, "", "boy"),
    ],
)
def test_who_somebody_is_is_read_where_it_is_said(name, prompt, kind):
    assert scene(prompt, characters=[name]).characters[0].kind == kind


def test_the_same_name_looks_the_same_in_every_frame():
    assert look_of("Mara", "woman") == look_of("mara", "woman")
    looks = {look_of(name, "woman") for name in ("Mara", "Ida", "Noor", "Lin", "Ada", "Zoe")}
    assert len(looks) >= 4


def test_a_phrase_of_style_adds_nothing_to_the_scene():
    style = "Pencil and ink wash on paper, soft light, dark lines, golden hour palette, square format."
    assert scene(f"A robot on a road. {style}").things == scene("A robot on a road.").things
    assert scene(f"A robot on a road. {style}").light == "day"


def test_a_thought_without_a_picture_in_it_still_shows_somebody():
    read = scene("Freedom begins where fear ends.")
    assert [who.kind for who in read.characters] == ["person"]
    assert read.things


def test_nobody_stands_on_water_but_whales_swim_in_it():
    assert scene("A robot at sea.").ground == "shore"
    assert scene("A boat at sea.").ground == "sea"


def test_the_caption_is_the_first_sentence_that_tells_something():
    assert scene("Medium shot. A girl meets a cat. Ink on paper.").caption == "A girl meets a cat."
    assert scene("A girl.", caption="Hers.").caption == "Hers."
    assert scene("A girl.", caption="").caption == ""


def test_only_the_camera_moves_the_camera():
    assert scene("She follows the path to the zoo.").motion == ""
    assert scene("The camera pans left over the sea.").motion == "pan left"
    assert scene("She waits.", camera_motion="slow dolly in").motion == "push in"
    assert scene("She waits.", camera_motion="static").motion == ""


def test_every_word_leads_to_something_that_can_be_drawn():
    assert set(CAMERAS) == set(vocabulary.SHOT_TYPES) == {shot for _, shot in vocabulary.SHOT_WORDS}
    assert set(vocabulary.POSES.values()) <= set(POSES)
    assert {motion for _, motion in vocabulary.MOTIONS} == {
        name.removeprefix("_").replace("_", " ")
        for name in dir(_Overlay)
        if name.startswith(("_pan", "_tilt", "_track", "_crane", "_push", "_pull", "_orbit", "_handheld"))
    }
    landmarks = {
        "rocket",
        "lighthouse",
        "tower",
        "church",
        "house",
        "houses",
        "bridge",
        "street lamp",
        "window",
        "boat",
        "ship",
    }
    nature = {"tree", "trees", "peaks", "hills", "rocks", "island", "river", "road", "birds", "skyline"}
    sky = {"moon", "sun", "stars", "clouds", "planet"}
    drawn = landmarks | nature | sky | set(PROPS)
    assert {*vocabulary.THINGS.values(), *vocabulary.IDEAS.values(), *vocabulary.PARTS} <= drawn
    people = {"robot", "astronaut", "person", "child", "man", "woman", "boy", "girl", "old man", "old woman"}
    assert set(vocabulary.FIGURES.values()) == people | set(ANIMALS)
    assert set(vocabulary.LIKELY_GROUNDS.values()) <= set(vocabulary.GROUNDS.values())


@pytest.mark.parametrize(
    "labelled",
    [
        "Style: woodcut of a wolf, city lights. Avoid: dogs, rain, a car.",
        "STYLE: a wolf's city\navoid： dogs and rain",
        "Avoid: dogs; rain! style: night, wolf",
    ],
)
def test_what_stands_behind_style_and_avoid_is_not_seen(labelled):
    plain, told = scene("A girl waits in a field."), scene(f"A girl waits in a field. {labelled}")
    for part in ("characters", "ground", "things", "light", "weather", "caption"):
        assert getattr(told, part) == getattr(plain, part), part


def test_what_follows_a_label_is_read_again():
    read = scene("A girl. Style: ink, a wolf. A dog runs.")
    assert [who.kind for who in read.characters] == ["girl", "dog"]


@pytest.mark.parametrize(
    ("caption", "weather"),
    [
        ("One night a storm throws a small robot onto the rocks.", {"storm"}),
        ("They stand in the snow and the fog.", {"snow", "fog"}),
        ("One flash for good morning, two for rain.", set()),
        ("No wind, and the sea like a storm asleep.", set()),
        ("", set()),
    ],
)
def test_the_weather_of_the_caption_is_drawn_unless_it_is_only_spoken_of(caption, weather):
    assert scene("A robot lies on the rocks.", time_of_day="night", caption=caption).weather == weather


@pytest.mark.parametrize(
    ("name", "prompt", "size"),
    [
        ("small robot", "", 0.58),
        ("Bolt", "Bolt, a tiny robot, waits.", 0.42),
        ("robot", "A giant robot waits.", 1.6),
        ({"name": "Bolt", "description": "a big old robot"}, "", 1.25),
        ("robot", "A robot in a small house.", 1.0),
        ("", "A small robot in a big house.", 0.58),
    ],
)
def test_somebody_small_is_smaller_than_others_of_their_kind(name, prompt, size):
    (who,) = scene(prompt, characters=[name]).characters
    assert (who.kind, who.size) == ("robot", size)


def test_no_bird_flies_through_a_birds_eye_shot():
    assert scene("Bird's-eye view of a robot on a road.").characters == scene("A robot on a road.").characters


def test_a_plural_is_several():
    assert [who.kind for who in scene("Camels cross the dunes.").characters] == ["camel"] * 3
    assert [who.kind for who in scene("They run.", characters=["children"]).characters] == ["child"] * 3


def test_a_crowd_is_more_people_than_have_names():
    assert scene("The crowd hears the singer.").crowd
    assert not scene("Two friends hear the singer.").crowd


def test_what_a_lighthouse_holds_within_does_not_stand_beside_it():
    read = scene("She climbs the stairs of the lighthouse and lights the lamp.", setting="the shore")
    assert read.things == ("lighthouse",)
    assert "lamp" in scene("She lights the lamp beside the bed.").things


def test_a_place_that_no_word_names_is_the_same_in_each_of_its_shots():
    grounds = {scene(f"She waits. {number}", setting="the old place").ground for number in range(12)}
    assert len(grounds) == 1


@pytest.mark.parametrize(
    ("prompt", "ground"),
    [
        ("A robot on the rocks.", "shore"),
        ("An old man opens a window and waves.", "room"),
        ("Inside the spaceship a robot waits.", "room"),
        ("The kettle sings.", "room"),
    ],
)
def test_what_is_there_tells_where_it_is(prompt, ground):
    assert scene(prompt).ground == ground
