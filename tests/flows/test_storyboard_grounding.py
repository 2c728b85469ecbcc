import pytest

from flows import AnswerRejected
from flows.storyboard import ShotBrief, read_thought
from flows.storyboard.grounding import alike, whole
from flows.storyboard.shots import check_description
from flows.storyboard.vocabulary import CameraMotion, ShotType

MOMENT = "The old woman carries the small robot up the stairs in her arms and dries it beside the lamp."
ENGLISH = read_thought("The lamp is lit, and the sea is quiet.").voice
ARABIC = read_thought("حارسة منارة عجوز").voice


def brief(moment=MOMENT, characters=("old woman", "small robot")):
    return ShotBrief(
        shot_id="shot-01",
        number=1,
        scene_id="scene-01",
        source_text=moment,
        moment=moment,
        characters=characters,
        shot_type=ShotType.MEDIUM,
        camera_motion=CameraMotion.STATIC,
    )


@pytest.mark.parametrize(
    "description",
    [
        "The old woman dries the small robot beside the lamp.",
        "The old woman holds the small robot in her arms and waits on the stairs.",
        "The woman climbs the stairs with the robot in her arms, and a lamp glows above her.",
        "An old woman, a small robot in her arms, on narrow stairs by lamplight.",
        MOMENT,
    ],
)
def test_a_description_of_the_moment_is_kept(description):
    assert check_description(description, brief(), ENGLISH) == description


@pytest.mark.parametrize(
    ("description", "why"),
    [
        ("White stairs, white stairs, white stairs and a lamp.", "twice|repeats"),
        ("The old woman carries an old woman up the stairs to the lamp.", "same thing twice"),
        ("A quiet village wakes under a golden sky.", "something else"),
        ("The old man carries the small robot up the stairs to the lamp.", '"man"'),
        ("The old woman carries Marie and the robot up the stairs.", '"Marie"'),
        ("The small robot carries the old woman up the stairs beside the lamp.", "begin with"),
        ("She carries the robot up the stairs and dries it beside the lamp.", "pronoun"),
        ("The old woman holds the letter beside the lamp on the stairs.", '"letter"'),
        ("The lamp is a symbol of the old woman and the small robot.", "cannot be seen"),
        ("المرأة تحمل الروبوت", "language"),
    ],
)
def test_a_description_that_does_not_hold_up_is_rejected_with_the_reason(description, why):
    with pytest.raises(AnswerRejected, match=why):
        check_description(description, brief(), ENGLISH)


def test_a_description_that_another_shot_has_already_is_rejected():
    with pytest.raises(AnswerRejected, match="already shows"):
        check_description(
            MOMENT,
            brief(),
            ENGLISH,
            unlike=("the OLD woman carries the small robot up the stairs, in her arms, and dries it beside the lamp!",),
        )


def test_asking_again_for_another_script_is_of_no_use():
    with pytest.raises(AnswerRejected) as rejected:
        check_description("An old woman keeps a lighthouse.", brief("حارسة منارة عجوز", ()), ARABIC)
    assert rejected.value.final


def test_an_answer_in_the_script_of_the_thought_is_kept():
    moment = "حارسة منارة عجوز لم تكلم أحدا منذ عام."
    description = "حارسة عجوز تقف وحدها أمام منارة."
    assert check_description(description, brief(moment, ()), ARABIC) == description


def test_a_sentence_that_broke_off_is_cut_back_to_the_last_whole_one():
    assert whole("The lamp is lit. The old wom", 28) == "The lamp is lit."
    assert whole("The lamp is lit", 180) == "The lamp is lit."
    with pytest.raises(AnswerRejected, match="broke off"):
        whole("The old woman carries the small rob", 36)


def test_texts_are_alike_when_they_differ_in_little_words_only():
    assert alike("The old woman lights the lamp.", "An old woman lights a lamp")
    assert alike("🤖", " 🤖")
    assert not alike("The old woman lights the lamp.", "The old woman dries the robot.")
