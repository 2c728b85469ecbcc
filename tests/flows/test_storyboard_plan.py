from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import ThoughtError
from flows.storyboard import read_thought
from flows.storyboard.casting import candidates, resolve
from flows.storyboard.plan import LEAST_SHOTS, make_plan

EXAMPLE = (Path(__file__).parents[2] / "examples" / "thought.txt").read_text(encoding="utf-8")
CAST = ("old woman", "small robot")


def test_the_example_becomes_a_shot_for_each_sentence_in_its_own_words():
    thought = read_thought(EXAMPLE)
    plan = make_plan(thought, CAST, 6)
    assert " ".join(shot.source_text for shot in plan.shots) == thought.text
    assert [shot.number for shot in plan.shots] == [1, 2, 3, 4, 5, 6]


def test_the_scenes_of_a_plan_hold_the_whole_text_in_its_order():
    thought = read_thought(EXAMPLE)
    plan = make_plan(thought, CAST, 6)
    assert " ".join(scene.source_text for scene in plan.scenes) == thought.text
    # "One night", "All winter" and "In spring" move the story on; "She carries it" does not.
    assert [shot.scene_id[-1] for shot in plan.shots] == ["1", "2", "2", "2", "3", "4"]


def test_the_characters_of_the_example_are_found_without_a_model():
    assert candidates(read_thought(EXAMPLE)) == ["old woman", "small robot"]


def test_names_count_as_characters_and_places_do_not():
    thought = read_thought("In Paris it rains. There old Mr. Osei plays for Amira, and Amira listens. Amira smiles.")
    assert set(candidates(thought)) == {"Mr. Osei", "Amira"}


def test_pronouns_give_way_to_names_only_where_one_reading_is_possible():
    thought = read_thought(EXAMPLE)
    sentence = "She carries it up the stairs."
    assert resolve(sentence, CAST, thought) == "The old woman carries the small robot up the stairs."
    two_women = read_thought("A girl meets a woman. She laughs.")
    assert resolve("She laughs.", ("girl", "woman"), two_women) == "She laughs."
    assert resolve("The lamp is old, so it flickers.", CAST, thought) == "The lamp is old, so it flickers."


def test_one_word_is_shown_from_four_sides():
    plan = make_plan(read_thought("Lighthouse"), (), 6)
    assert [shot.source_text for shot in plan.shots] == ["Lighthouse"] * 4
    assert len({shot.shot_type for shot in plan.shots}) == 4


def test_emoji_are_read_by_their_names_and_shown_as_they_are():
    plan = make_plan(read_thought("🌊🤖💡🚢👩‍🚀"), (), 6)
    assert [(shot.source_text, shot.moment) for shot in plan.shots][:2] == [("🌊", "water wave"), ("🤖", "robot face")]
    assert plan.shots[-1].source_text == "👩‍🚀"


def test_two_hundred_pages_become_a_few_shots_from_all_over_the_text():
    pages = "\n\n".join(
        f"On day {day} the keeper of light {day} walks to the sea. Nothing comes." for day in range(9_000)
    )
    thought = read_thought(pages)
    plan = make_plan(thought, ("keeper",), 6)
    places = [thought.text.index(shot.source_text) / len(thought.text) for shot in plan.shots]
    assert len(plan.shots) == 6
    assert all(index / 6 <= place < (index + 1) / 6 for index, place in enumerate(places))


def test_neighbouring_shots_never_have_the_same_size():
    thought = read_thought(" ".join(f"The man and the dog see door number {number}." for number in range(24)))
    for most in (4, 9, 24):
        shots = make_plan(thought, ("man", "dog"), most).shots
        assert len(shots) == most
        assert all(one.shot_type is not other.shot_type for one, other in pairwise(shots))


def test_good_morning_is_a_greeting_and_no_time_of_day():
    plan = make_plan(read_thought("At night he says good morning. The owl is asleep. A cup falls. He waits."), (), 6)
    assert plan.scenes[0].time_of_day == "night"
    assert make_plan(read_thought("He says good morning."), (), 4).scenes[0].time_of_day is None


def test_fewer_shots_than_a_storyboard_needs_are_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="at least 4"):
        make_plan(read_thought("A lamp."), (), 3)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=400), st.integers(LEAST_SHOTS, 24))
def test_any_text_becomes_a_plan_or_a_clear_error(text, most):
    try:
        thought = read_thought(text)
    except ThoughtError:
        return
    plan = make_plan(thought, candidates(thought), most)
    assert LEAST_SHOTS <= len(plan.shots) <= most
    assert all(shot.source_text in thought.text and shot.source_text.strip() for shot in plan.shots)
    assert {shot.scene_id for shot in plan.shots} == {scene.scene_id for scene in plan.scenes}
    assert "".join("".join(scene.source_text.split()) for scene in plan.scenes) == "".join(thought.text.split())
