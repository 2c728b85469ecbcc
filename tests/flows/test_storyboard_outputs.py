import csv
import io
import json
import re
from html.parser import HTMLParser

import pytest
from PIL import Image
from pydantic import ValidationError

from flows import OutputFailed, StoryboardIncomplete
from flows.storyboard import (
    Analysis,
    Character,
    DecisionRow,
    Panel,
    Scene,
    Shot,
    Storyboard,
    StoryboardParameters,
    Style,
    decision_row,
    read_thought,
    write_outputs,
)
from flows.storyboard.outputs import make_csv, safe_cell
from flows.storyboard.page import render_page
from flows.storyboard.vocabulary import CameraMotion, ShotType, TimeOfDay
from flows.storyboard.words import Credit
from quality import Checks
from registry import Explanation
from registry.words import (
    Attempt,
    Candidate,
    Capability,
    Decision,
    Exclusion,
    FailureClass,
    Snapshot,
    Verdict,
)

HOSTILE = '<script>alert(1)</script> "quoted" & {{ 7 * 7 }}'


def picture(shade):
    out = io.BytesIO()
    Image.new("RGB", (64, 36), (shade, 90, 120)).save(out, "PNG")
    return out.getvalue()


def storyboard(text="The lamp is lit. A boat comes. The boat answers. The night ends.", description=None, **changes):
    import hashlib

    thought = read_thought(text)
    pictures = {f"shot-0{number}": picture(number * 20) for number in range(1, 5)}
    shots = tuple(
        Shot(
            shot_id=shot_id,
            number=number,
            scene_id="scene-01",
            source_text=thought.text,
            description=f"{description or 'A picture of'} {('lamps', 'boats', 'rain', 'stars')[number - 1]}",
            shot_type=list(ShotType)[number],
            camera_motion=CameraMotion.STATIC,
            credits=(Credit(field="description", origin="model" if number < 3 else "source", offering="local/tiny"),),
        )
        for number, shot_id in enumerate(pictures, start=1)
    )
    panels = tuple(
        Panel(
            shot_id=shot_id, digest=hashlib.sha256(content).hexdigest(), media_type="image/png", width=64, height=36,
            offering="sketch/sketch", task_id=1, latency_ms=5, cost_nanousd=0,
        )
        for shot_id, content in pictures.items()
    )  # fmt: skip
    scene = Scene(
        scene_id="scene-01", order=1, source_text=thought.text, setting="the bay", time_of_day=TimeOfDay.NIGHT
    )
    board = Storyboard(
        thought=thought,
        analysis=Analysis(title="The Lamp", summary="A lamp is answered.", themes=("light", "sea"), mood="calm"),
        style=Style(phrase="ink"),
        characters=(Character(name="keeper", looks="keeper, tall"),),
        scenes=(scene,),
        shots=shots,
        panels=panels,
    ).model_copy(update=changes)
    return board, pictures


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def all(self, tag):
        return [attrs for found, attrs in self.tags if found == tag]


def test_the_page_holds_its_pictures_and_asks_nothing_of_a_network():
    board, pictures = storyboard()
    html = render_page(board, pictures)
    page = Page(html)
    assert len(page.all("img")) == 4
    for tag, attrs in page.tags:
        assert tag not in {"script", "link", "iframe", "object"}
        assert all(value.startswith("data:") for name, value in attrs.items() if name in {"src", "href", "srcset"})
    assert not re.search(r"@import|url\(", html)
    assert "default-src 'none'" in page.all("meta")[2]["content"]


def test_every_picture_says_in_words_what_it_shows():
    board, pictures = storyboard()
    assert Page(render_page(board, pictures)).all("img")[0]["alt"] == "Wide shot: A picture of lamps"


def test_nothing_that_a_thought_or_a_model_says_becomes_markup():
    board, pictures = storyboard(text=HOSTILE, description=HOSTILE)
    page = Page(render_page(board, pictures))
    assert not page.all("script")
    assert HOSTILE in page.text
    assert any(HOSTILE in image["alt"] for image in page.all("img"))


def test_the_page_says_what_models_wrote_and_what_the_text_itself():
    board, pictures = storyboard()
    text = " ".join(Page(render_page(board, pictures)).text.split())
    assert "2 of 4 descriptions" in text
    assert text.count("Words: local/tiny") == 2
    assert text.count("Words: the text itself") == 2
    assert text.count("Picture: sketch/sketch") == 4


@pytest.mark.parametrize(("text", "direction"), [("حارسة منارة عجوز", "rtl"), ("A lamp.", "ltr")])
def test_panels_run_in_the_direction_of_the_text(text, direction):
    board, pictures = storyboard(text=text)
    panels = Page(render_page(board, pictures)).all("ol")[0]
    assert panels["dir"] == direction


def test_the_page_tells_who_was_chosen_and_why_the_others_were_not():
    row = DecisionRow(
        stage="pictures", item="shot-01", offering="sketch/sketch", runners_up=("openai/big: no credential",),
        latency_ms=1234.0, cost_nanousd=1_500_000, score=1.0,
    )  # fmt: skip
    board, pictures = storyboard(decisions=(row,))
    text = Page(render_page(board, pictures)).text
    assert all(part in text for part in ("sketch/sketch", "openai/big: no credential", "1.2 s", "$0.0015", "1.00"))


def told(attempts, candidates, checks=None):
    decision = Decision(
        task_id=1, capability=Capability.TEXT, policy="default", policy_version=1, policy_id=1, snapshot_id=1,
        snapshot_version=1, candidates=candidates,
    )  # fmt: skip
    return Explanation(
        snapshot=Snapshot(snapshot_id=1, version=1, digest="", offerings=()),
        task_id=1, run_id=1, stage="shots", item="shot-01", owner="default/local", prompt_version="1", started_us=0,
        decision=decision, attempts=attempts, cost_nanousd=3, cost_known=True, checks=checks, message="",
    )  # fmt: skip


def test_a_decision_row_tells_failed_lower_and_excluded_candidates_apart():
    names = ("local/a", "local/b", "local/c", "far/d")
    candidates = (
        Candidate(offering_id=1, offering=names[0], rank=1, utility=0.9),
        Candidate(offering_id=2, offering=names[1], rank=2, utility=0.8, quality=0.5, cost=1.0, speed=0.9),
        Candidate(offering_id=3, offering=names[2], rank=3, utility=0.75, quality=0.5, cost=0.2, speed=0.9),
        Candidate(offering_id=4, offering=names[3], excluded=Exclusion.NO_CREDENTIAL, reason="no key at env:D"),
    )
    attempts = (
        Attempt(number=1, offering_id=1, offering=names[0], failure=FailureClass.TRANSIENT, latency_ms=4.0),
        Attempt(number=2, offering_id=2, offering=names[1], latency_ms=5.0),
    )
    checks = Checks.standard()
    bits = checks.pack_bits([Verdict(check="not_empty", passed=True), Verdict(check="length", passed=False)])
    row = decision_row(told(attempts, candidates, bits), checks)
    assert row == DecisionRow(
        stage="shots", item="shot-01", offering="local/b", latency_ms=9.0, cost_nanousd=3, score=0.5,
        runners_up=("local/a: transient", "local/c: ranked 3, dearer", "no key: far"),
    )  # fmt: skip


def test_work_that_nobody_did_has_no_row():
    attempts = (Attempt(number=1, offering_id=1, offering="local/a", failure=FailureClass.QUOTA),)
    assert decision_row(told(attempts, ()), Checks.standard()) is None


@pytest.mark.parametrize("start", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "  =1", "\n=1", "\uff1d1"])
def test_no_cell_of_the_table_is_run_as_a_formula(start):
    board, _ = storyboard(text=f"{start} and so on", description=start)
    rows = list(csv.DictReader(io.StringIO(make_csv(board), newline="")))
    assert len(rows) == 4
    for row in rows:
        assert row["description"].startswith("'")
        assert all(safe_cell(cell) == cell for cell in row.values())


def test_all_results_are_written_and_can_be_read_again(tmp_path):
    board, pictures = storyboard()
    outputs = write_outputs(board, pictures, tmp_path / "new" / "out")
    kept = json.loads(outputs.json.read_text(encoding="utf-8"))
    assert kept.pop("tally") == {"shots": 4, "shots_by_model": 2, "fields": 4, "fields_by_model": 2}
    assert Storyboard.model_validate(kept) == board
    with Image.open(outputs.contact_sheet) as sheet:
        assert sheet.width > sheet.height / 2 > 100
    assert outputs.csv.read_bytes().startswith(b"\xef\xbb\xbfnumber,")
    assert {path.name for path in outputs.page.parent.iterdir()} == {
        "storyboard.html", "storyboard.json", "storyboard.csv", "contact_sheet.png",
    }  # fmt: skip


def test_a_storyboard_with_a_gap_is_not_written(tmp_path):
    board, pictures = storyboard()
    twice = board.shots[0].model_copy(update={"shot_id": "shot-02", "number": 2})
    broken = [
        (board, {key: pictures[key] for key in list(pictures)[1:]}, "shot-01 has no picture"),
        (board.model_copy(update={"panels": board.panels[:3]}), pictures, "shot-04 has no picture"),
        (board, {**pictures, "shot-02": picture(7)}, "another than its panel says"),
        (board.model_copy(update={"shots": (board.shots[0], twice)}), pictures, "shot-01 and shot-02 are the same"),
    ]
    for one, files, why in broken:
        with pytest.raises(StoryboardIncomplete, match=why):
            write_outputs(one, files, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_where_nothing_can_be_written_earlier_results_stay_whole(tmp_path):
    board, pictures = storyboard()
    outputs = write_outputs(board, pictures, tmp_path)
    before = outputs.json.read_bytes()
    outputs.page.unlink()
    outputs.page.mkdir()
    with pytest.raises(OutputFailed, match=r"storyboard\.html.*is a folder"):
        write_outputs(storyboard(description="Other")[0], pictures, tmp_path)
    assert outputs.json.read_bytes() == before
    assert not list(tmp_path.glob(".storyboard-*"))


def test_a_file_where_the_folder_should_be_is_told_in_one_sentence(tmp_path):
    (tmp_path / "out").write_text("mine")
    board, pictures = storyboard()
    with pytest.raises(OutputFailed, match="cannot write the storyboard into"):
        write_outputs(board, pictures, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize(
    "values",
    [{}, {"thought": "a", "input_path": "b"}, {"thought": "a", "max_shots": 3}, {"thought": "a", "max_shots": 25},
     {"thought": "a", "width": 100}, {"thought": "a", "colour": "red"}],
)  # fmt: skip
def test_parameters_out_of_their_bounds_are_refused(values):
    with pytest.raises(ValidationError):
        StoryboardParameters.model_validate(values)


def test_every_parameter_is_described_for_the_form():
    fields = StoryboardParameters.model_json_schema()["properties"]
    assert all(field.get("title") and field.get("description") for field in fields.values())
