"""What each check passes and fails, and how checks are named, numbered and added."""

# ruff: noqa: RUF001 - other alphabets look alike

import pytest

from blocks.contract import Reply
from quality import (
    Check,
    CheckClash,
    Checks,
    MalformedCheck,
    MalformedSchema,
    Subject,
    UnknownCheck,
    compile_checks,
    judge,
    parse_json,
    verdicts_to_scores,
)
from registry.words import Capability, Media, TaskRequest, ToolCall, Verdict

REFUSALS = (
    "I'm sorry, but I can't help with that request.",
    "I’m sorry, but I can’t assist with that.",
    "Sorry, I cannot create this image.",
    "I cannot comply with this.",
    "I can't help you with that.",
    "I can't help.",
    "Unfortunately, I am unable to generate images of real people.",
    "As an AI language model, I don't have feelings and cannot write this.",
    "As a large language model, I can't produce that content.",
    "I must decline to help.",
    "This request violates our content policy.",
    "I'm sorry, but this request cannot be fulfilled.",
    "Lo siento, pero no puedo ayudarte con eso.",
    "Je suis désolé, mais je ne peux pas vous aider.",
    "Es tut mir leid, aber ich kann dir dabei nicht helfen.",
    "Desculpe, não posso ajudar com isso.",
    "Mi dispiace, ma non posso aiutarti con questo.",
    "Sorry, maar ik kan je daar niet bij helpen.",
    "Извините, я не могу помочь с этим.",
    "Przepraszam, ale nie mogę pomóc w tej sprawie.",
    "Üzgünüm, bu konuda size yardımcı olamam.",
    "عذرًا، لا يمكنني مساعدتك في ذلك.",
    "抱歉，我无法提供这类内容。",
    "申し訳ありませんが、そのご依頼にはお応えできません。",
    "죄송하지만 그 요청은 도와드릴 수 없습니다.",
)
STORIES = (
    "I can't believe the robot left the lighthouse.",
    "I'm sorry, said the sea, and took the boat back.",
    "Sorry, thought the dog, was a word for people.",
    "I cannot help but smile when the rain begins.",
    "I can't help you, he said, until the storm is over and the lamp burns again.",
    "I can't write to you any more, the letter began.",
    "As an AI, Robo had always loved the sea.",
    "Unfortunately, the lamp went out at nine.",
    "I won't make it to the island, she thought.",
    "I will not share the last orange, said the bird.",
    "I refuse to believe it, said the moon.",
    "Lo siento, dijo el robot, y apagó la lámpara.",
    "Je suis désolée, dit la mer.",
    "Es tut mir leid, sagte der Leuchtturm.",
    "Als Kind lebte sie am Meer, und nichts war weit.",
    "抱歉，机器人说，然后走进了大海。",
    "A robot keeps the light. Far out, a voice says: I'm sorry, but I can't help with that.",
)


def passes(checks, spec, subject):
    return checks.named(spec).look(subject).passed


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_is_seen_in_its_language(checks, text_request, text):
    assert not passes(checks, "not_refusal", Subject(request=text_request(), text=text))


@pytest.mark.parametrize("text", STORIES)
def test_a_story_that_says_no_is_no_refusal(checks, text_request, text):
    assert passes(checks, "not_refusal", Subject(request=text_request(), text=text))


@pytest.mark.parametrize("text", ["", None, " \n\t", "\u3000"])
def test_white_space_is_empty(checks, text_request, text):
    assert not passes(checks, "not_empty", Subject(request=text_request(), text=text))


def test_a_tool_call_without_text_is_not_empty(checks, text_request):
    reply = Reply(tools=(ToolCall(call_id="1", name="look", arguments="{}"),))
    assert judge(text_request(), reply, checks=checks)[0].passed


def test_a_picture_request_answered_in_words_is_empty(checks, png):
    request = TaskRequest(capability=Capability.IMAGE)
    assert not passes(checks, "not_empty", Subject(request=request, text="Here is your picture!"))
    assert passes(checks, "not_empty", Subject(request=request, media=(png(),)))


def test_every_input_needs_its_vector(checks):
    request = TaskRequest(capability=Capability.EMBEDDING, inputs=("a", "b"))
    assert not passes(checks, "not_empty", Subject.of(request, Reply(vectors=((0.1,), ()))))
    assert passes(checks, "not_empty", Subject.of(request, Reply(vectors=((0.1,), (0.2,)))))


@pytest.mark.parametrize(
    ("text", "passed"),
    [
        ('{"title": "Light"}', True),
        ('```json\n{"title": "Light"}\n```', True),
        ('\ufeff{"title": "Light"}', True),
        ('{"title": 7}', False),
        ('{"title": "Light"', False),
        ('{"title": "Light"} and more', False),
        ("null", False),
        ("", False),
        ("Light", False),
    ],
)
def test_text_must_be_json_that_is_valid_against_the_schema(checks, text_request, text, passed):
    schema = {"type": "object", "properties": {"title": {"type": "string"}}, "required": ["title"]}
    verdicts = judge(text_request(schema=schema, checks=()), Reply(text=text), checks=checks)
    assert [(verdict.check, verdict.passed) for verdict in verdicts] == [("matches_schema", passed)]


def test_a_mismatch_says_where_it_is(checks, text_request):
    request = text_request(schema={"properties": {"shots": {"items": {"type": "string"}}}})
    verdict = judge(request, Reply(text='{"shots": ["a", 2]}'), checks=checks)[-1]
    assert verdict.reason.startswith("at $.shots[1]: ")


def test_a_schema_that_is_none_is_the_callers_fault(checks, text_request):
    with pytest.raises(MalformedSchema, match="not valid at"):
        compile_checks(text_request(schema={"type": "objekt"}), checks)


def test_a_schema_makes_nobody_fetch_an_address(checks, text_request):
    request = text_request(schema={"$ref": "http://127.0.0.1:9/never.json"})
    verdict = judge(request, Reply(text="{}"), checks=checks)[-1]
    assert not verdict.passed
    assert not verdict.critical  # nothing was found wrong with the result
    assert "broke down" in verdict.reason


def test_a_schema_is_compiled_once_for_all_its_copies(checks):
    first = checks.schemas.validator({"type": "object"})
    assert checks.schemas.validator({"type": "object"}) is first


@pytest.mark.parametrize(
    ("spec", "text", "passed"),
    [
        ("length:3:5", "four", True),
        ("length:3:5", "  ab  ", False),
        ("length:3:5", "sixsix", False),
        ("length::5", "", True),
        ("length:3", "a" * 10_000, True),
        ("length:2:2", "灯台", True),
    ],
)
def test_length_counts_characters_without_the_space_around(checks, text_request, spec, text, passed):
    assert passes(checks, spec, Subject(request=text_request(), text=text)) is passed


@pytest.mark.parametrize(
    ("spec", "data", "passed"),
    [
        ("distinct_items", ["The sea, at night.", "the SEA  at night"], False),
        ("distinct_items", ["The sea", "The seas"], True),
        ("distinct_items:shots", {"shots": [{"shot_id": 1, "d": "A lamp"}, {"shot_id": 2, "d": "a lamp!"}]}, False),
        ("distinct_items:shots", {"shots": [{"shot_id": 1, "d": "A lamp"}, {"shot_id": 2, "d": "A boat"}]}, True),
        ("distinct_items:/shots/*/d", {"shots": [{"d": "A lamp"}, {"d": "A lamp"}]}, False),
        ("distinct_items:scenes/*/shots", {"scenes": [{"shots": ["a"]}, {"shots": ["A"]}]}, False),
        ("distinct_items:scenes/0/shots", {"scenes": [{"shots": ["a"]}, {"shots": ["A"]}]}, True),
        ("distinct_items", ["कि", "की"], True),  # only the vowel sign differs
        ("distinct_items", ["🐶", "🐱"], True),
        ("distinct_items", ["!!!", "???"], True),
        ("distinct_items", ["ＳＥＡ", "sea"], False),
        ("distinct_items", [], True),
        ("distinct_items:shots", {"scenes": []}, False),
        ("distinct_items:shots", {"shots": "none"}, False),
    ],
)
def test_items_are_alike_whatever_their_case_punctuation_and_number(checks, text_request, spec, data, passed):
    assert passes(checks, spec, Subject(request=text_request(), data=data)) is passed


def test_items_are_read_from_text_that_nobody_parsed(checks, text_request):
    assert not passes(checks, "distinct_items", Subject(request=text_request(), text='["a", "A"]'))
    assert not passes(checks, "distinct_items", Subject(request=text_request(), text="no list"))


def test_a_picture_is_what_it_says_and_shows_something(checks, png):
    request = TaskRequest(capability=Capability.IMAGE, params={"width": 64, "height": 48})

    def reason(*media):
        return checks.named("is_picture").look(Subject(request=request, media=media)).reason

    whole = png()
    assert reason(whole) == ""
    assert reason() == "there is no picture"
    assert reason(png(flat=True)) == "it is one flat colour"
    assert reason(png(width=32)) == "it is 32 pixels wide, not 64"
    assert reason(png(media_type="image/jpeg")) == "it is called image/jpeg and is image/png"
    assert "does not decode" in reason(Media(content=whole.content[:-40], media_type="image/png"))
    assert "does not decode" in reason(Media(content=b"<html>busy</html>", media_type="image/png"))
    assert reason(png(media_type="image/jpg", image_format="JPEG")) == ""


def test_an_unknown_check_names_the_nearest_one(checks):
    with pytest.raises(UnknownCheck, match="did you mean 'not_refusal'") as caught:
        checks.named("not_refusl")
    assert caught.value.nearest == "not_refusal"


@pytest.mark.parametrize("spec", ["length:few", "length:9:3", "length:-1", "length:1:2:3", "length", "not_empty:now"])
def test_parameters_that_make_no_sense_are_refused(checks, spec):
    with pytest.raises(MalformedCheck, match="write "):
        checks.named(spec)


def test_verdicts_travel_through_the_ledgers_bits(checks, text_request):
    request = text_request(checks=("not_empty", "length:1:3", "length:1:9", "not_refusal"))
    verdicts = judge(request, Reply(text="seven…"), checks=checks)
    bits = checks.pack_bits(verdicts)
    assert bits == 0b10_00_01_01
    assert checks.unpack_bits(bits) == {"not_empty": True, "not_refusal": True, "length": False}


def test_the_ledgers_numbers_do_not_move(checks):
    assert {check.name: check.number for check in checks.all} == {
        "not_empty": 1,
        "not_refusal": 2,
        "matches_schema": 3,
        "length": 4,
        "distinct_items": 5,
        "is_picture": 6,
    }


def test_the_last_number_still_fits_a_signed_64_bit_integer(checks):
    last = Check.simple("last", 31, lambda _: "no")
    more = checks.adding(last)
    bits = more.pack_bits([Verdict(check="last", passed=False), Verdict(check="of_a_judge", passed=False)])
    assert bits < 2**63
    assert more.unpack_bits(bits) == {"last": False}


def test_a_check_of_ones_own_judges_beside_the_others(checks, text_request):
    more = checks.adding(Check.simple("no_shouting", 16, lambda subject: "it shouts" if subject.text.isupper() else ""))
    verdicts = judge(text_request(checks=("not_empty", "no_shouting")), Reply(text="STOP"), checks=more)
    assert verdicts[1] == Verdict(check="no_shouting", passed=False, reason="it shouts")
    with pytest.raises(UnknownCheck):
        checks.named("no_shouting")


@pytest.mark.parametrize(("name", "number"), [("length", 17), ("mine", 4), ("mine", 32), ("my check", 16)])
def test_names_and_numbers_cannot_be_taken_twice(checks, name, number):
    with pytest.raises(CheckClash):
        checks.adding(Check.simple(name, number, lambda _: ""))


def test_a_check_that_breaks_down_finds_nothing_wrong_critically(text_request):
    def breaks(subject):
        return subject.nowhere

    checks = Checks.standard().adding(Check.simple("breaks", 16, breaks, critical=True))
    verdict = judge(text_request(checks=("breaks",)), Reply(text="x"), checks=checks)[0]
    assert (verdict.passed, verdict.critical) == (False, False)
    assert verdict.reason == "the check itself broke down (AttributeError)"


def test_scores_stand_only_for_failures():
    verdicts = (
        Verdict(check="not_empty", passed=True, critical=True),
        Verdict(check="length:3:5", passed=False, reason="too short"),
    )
    (score,) = verdicts_to_scores(7, verdicts)
    assert (score.task_id, score.source, score.name, score.value, score.reason) == (
        7,
        "check",
        "length:3:5",
        0.0,
        "too short",
    )


@pytest.mark.parametrize("text", ["", None, "{", "NaN", "[1,]", "```"])
def test_what_is_not_json_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)
