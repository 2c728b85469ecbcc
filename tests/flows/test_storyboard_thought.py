import pytest

from flows import ThoughtEmpty, ThoughtTooLong, ThoughtUnreadable
from flows.storyboard import read_thought, read_thought_file


@pytest.mark.parametrize("text", ["", "  \n\t ", "\u200b\u200d", "\ufeff", "\u00a0\u3000"])
def test_a_thought_without_a_visible_character_is_empty(text):
    with pytest.raises(ThoughtEmpty, match="at least one word"):
        read_thought(text)


def test_a_thought_over_the_limit_is_refused_with_both_figures():
    with pytest.raises(ThoughtTooLong, match=r"1,001 characters; at most 1,000"):
        read_thought("a" * 1_001, limit_characters=1_000)


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[31mred", "a\ud800b", "half a \ufffd character"])
def test_what_is_no_plain_text_is_unreadable(text):
    with pytest.raises(ThoughtUnreadable, match=r"U\+[0-9A-F]{4}"):
        read_thought(text)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('<svg xmlns="x"><path d="M0 0"/></svg>', "an SVG drawing"),
        ('\n<?xml version="1.0"?><a/>', "XML"),
        ("<!DOCTYPE html><p>A lamp</p>", "a web page"),
        ("{\\rtf1 A lamp}", "rich text"),
    ],
)
def test_the_source_of_a_picture_or_a_page_is_no_thought(text, kind):
    with pytest.raises(ThoughtUnreadable, match=f"the source of {kind}"):
        read_thought(text)


def test_the_text_is_kept_as_it_was_written():
    thought = read_thought("\r\n  One  line.\r\n\tAnother,\fand a page. \n")
    assert thought.text == "One  line.\n\tAnother,\fand a page."


@pytest.mark.parametrize(
    ("text", "script", "direction", "english"),
    [
        ("The lamp is lit, and the sea is quiet.", "LATIN", "ltr", True),
        ("Der alte Mann geht jeden Morgen zum Hafen.", "LATIN", "ltr", False),
        ("حارسة منارة عجوز لم تكلم أحدا منذ عام.", "ARABIC", "rtl", False),
        ("一只猫在月光下走过屋顶。", "CJK", "ltr", False),
        ("🌊🤖", "", "ltr", True),
        ("Lighthouse", "LATIN", "ltr", True),
    ],
)
def test_script_direction_and_english_are_told_from_the_letters(text, script, direction, english):
    voice = read_thought(text).voice
    assert (voice.script, voice.direction, voice.english) == (script, direction, english)


def test_a_language_that_was_named_is_not_guessed():
    assert not read_thought("The lamp is lit, and the sea is quiet.", language="Dutch").voice.english


def test_files_are_read_in_utf_8_and_in_utf_16_with_a_mark(tmp_path):
    path = tmp_path / "thought.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_bytes("Ein Leuchtturm \u2014 نور".encode(encoding))
        assert read_thought_file(path).text == "Ein Leuchtturm \u2014 نور"


def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path):
    binary = tmp_path / "picture.png"
    binary.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff\xd8")
    for path, why in [(tmp_path / "none.txt", "there is no file"), (tmp_path, "is no file"), (binary, "byte 0 of")]:
        with pytest.raises(ThoughtUnreadable, match=why):
            read_thought_file(path)


def test_a_huge_file_is_refused_before_it_is_all_read(tmp_path):
    path = tmp_path / "huge.txt"
    with path.open("wb") as file:
        file.truncate(50_000_000_000)
    with pytest.raises(ThoughtTooLong, match="50,000,000,000 bytes"):
        read_thought_file(path)
