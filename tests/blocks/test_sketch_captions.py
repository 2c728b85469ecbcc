"""Captions: any script there is a font for, in its own direction, in lines that fit; and what is done without."""

import unicodedata

import pytest
from PIL import Image, ImageDraw

from blocks.sketch.caption import draw_text, lay_out, showable
from blocks.sketch.fonts import Fonts, can_shape, direction_of, packaged_fonts, system_fonts

ARABIC = "كان الروبوت يحرس المنارة كل ليلة، حتى جاءت مارا."


@pytest.fixture
def fonts():
    return Fonts(packaged_fonts())


def ink(text, fonts, *, direction="ltr", width=400):
    """The columns, from the left, in which a drawn line has ink: the first and the last."""
    page = Image.new("L", (width, 40), 255)
    draw_text(
        ImageDraw.Draw(page),
        text,
        fonts,
        left_px=0,
        right_px=width,
        top_px=4,
        size_px=18,
        direction=direction,
        fill=0,
    )
    box = page.point(lambda value: 255 - value).getbbox()
    return (box[0], box[2]) if box else None


def test_each_script_is_set_in_a_font_that_has_it(fonts):
    latin, arabic = fonts.runs("Mara سلام", 18)
    assert (latin.text, arabic.text) == ("Mara ", "سلام")
    assert "Arabic" not in latin.font.getname()[0]
    assert "Arabic" in arabic.font.getname()[0]


def test_commas_and_digits_do_not_cut_a_right_to_left_line(fonts):
    assert [run.text for run in fonts.runs("سلام، 12 مارا!", 18)] == ["سلام، 12 مارا!"]


def test_marks_stay_with_their_letters(fonts):
    composed = unicodedata.normalize("NFD", "Málaga")
    assert [run.text for run in fonts.runs(composed, 18)] == [composed]


@pytest.mark.parametrize("char", ["🔦", "海", "\U000e0100", "\ud800", "\u0378"])
def test_what_no_font_has_becomes_a_box_and_not_an_error(fonts, char):
    (run,) = fonts.runs(char, 18)
    assert run.font is None
    assert ink(char, fonts) is not None


def test_a_box_takes_its_place_among_letters(fonts):
    assert ink("A🔦B", fonts)[1] > ink("AB", fonts)[1] + 6


def test_a_font_file_that_cannot_be_read_is_passed_over(tmp_path):
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font at all")
    (run,) = Fonts([broken, *packaged_fonts()]).runs("Light", 18)
    assert run.font is not None


def test_fonts_of_the_machine_come_after_the_packaged_ones(tmp_path):
    (tmp_path / "some.ttf").write_bytes(b"")
    (tmp_path / "some-Bold.ttf").write_bytes(b"")
    (tmp_path / "some.txt").write_bytes(b"")
    assert [path.name for path in system_fonts([tmp_path, tmp_path / "nowhere"])] == ["some.ttf"]
    assert Fonts().paths[: len(packaged_fonts())] == packaged_fonts()


@pytest.mark.skipif(not can_shape(), reason="this Pillow has no raqm, or the machine no FriBiDi")
def test_a_right_to_left_caption_is_shaped_and_stands_at_the_right(fonts):
    caption = lay_out(ARABIC, fonts, width_px=600, size_px=18, most_lines=2)
    assert caption.direction == "rtl"
    assert caption.lines == (ARABIC,)
    first, last = ink("سلام", fonts, direction="rtl")
    assert last >= 396
    assert first > 300
    joined = fonts.font(packaged_fonts()[1], 18).getlength("سلام")
    apart = sum(fonts.font(packaged_fonts()[1], 18).getlength(char) for char in "سلام")
    assert joined < apart  # letters that join are narrower than letters that stand alone


def test_without_shaping_a_right_to_left_caption_is_a_note_that_says_so():
    plain = Fonts(packaged_fonts(), shaping=False)
    assert showable("The light.", plain) == "The light."
    assert showable(ARABIC, plain).startswith("(Arabic caption: this machine lacks FriBiDi")
    assert showable("שלום", plain).startswith("(Hebrew caption")
    caption = lay_out(ARABIC, plain, width_px=300, size_px=18, most_lines=3)
    assert caption.direction == "ltr"
    assert ink(caption.lines[0], plain) is not None


@pytest.mark.parametrize(
    "text", ["word " * 60, "Donaudampfschifffahrtsgesellschaft" * 6, "灯台のロボット" * 20, ARABIC * 8]
)
def test_lines_fit_and_what_does_not_is_cut_with_an_ellipsis(fonts, text):
    caption = lay_out(text, fonts, width_px=240, size_px=18, most_lines=3)
    assert len(caption.lines) == 3
    assert caption.lines[-1].endswith("…")
    for line in caption.lines:
        assert sum(run.font.getlength(run.text) if run.font else 0 for run in fonts.runs(line, caption.size_px)) <= 240


def test_a_caption_that_is_a_little_too_long_is_set_smaller_and_kept_whole(fonts):
    text = "The robot has kept the light for a hundred years now."
    caption = lay_out(text, fonts, width_px=410, size_px=18, most_lines=1)
    assert caption.lines == (text,)
    assert caption.size_px < 18


def test_no_caption_takes_no_room(fonts):
    assert lay_out("  \n ", fonts, width_px=240, size_px=18, most_lines=3).height_px == 0


@pytest.mark.parametrize(
    ("text", "direction"), [("123 abc", "ltr"), ("«سلام» abc", "rtl"), ("שלום", "rtl"), ("…", "ltr")]
)
def test_a_line_goes_as_its_first_letter_goes(text, direction):
    assert direction_of(text) == direction
