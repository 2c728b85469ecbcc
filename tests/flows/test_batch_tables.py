"""Tables read and written as streams: whatever stands in them, whatever is broken, in bounded memory."""

from __future__ import annotations

import csv
import json
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.batch.parameters import BatchParameters
from flows.batch.reading import LONGEST_RECORD_BYTES, open_table
from flows.batch.surveying import survey
from flows.batch.templates import LONGEST_PROMPT, PromptTemplate
from flows.batch.writing import TableFile, safe_cell
from flows.errors import OutputFailed, TableUnreadable, TemplateInvalid


@pytest.fixture
def table(tmp_path):
    def write(content, name="in.csv"):
        path = tmp_path / name
        path.write_bytes(content)
        return open_table(path)

    return write


def told(table):
    return [(row.number, row.line, row.problem or tuple(row.values.values())) for row in table.rows()]


def test_csv_may_have_a_mark_any_line_ends_quoted_newlines_and_blank_lines(table):
    found = table(b'\xef\xbb\xbfid,text\r\n1,"a\r\nb"\r\n\r\n2,"say ""hi"""\r\n3,5" pipe\r\n')
    assert found.columns == ("id", "text")
    assert told(found) == [(1, 2, ("1", "a\r\nb")), (2, 5, ("2", 'say "hi"')), (3, 6, ("3", '5" pipe'))]


def test_broken_lines_are_named_and_the_others_are_read(table):
    found = table(b"id,text\n1,a\n2\n3,c,d\n4,\xff\n5,e\x00f\n6,g\n")
    problems = [problem if isinstance(problem, str) else problem[0] for _, _, problem in told(found)]
    assert problems == [
        "1",
        "it has 1 cells, the header 2",
        "it has 3 cells, the header 2",
        "byte 3 of line 5 is not UTF-8",
        "it holds a NUL at byte 4 of line 6",
        "6",
    ]


def test_a_cell_of_a_hundred_megabytes_is_a_broken_line_and_takes_no_memory(tmp_path):
    path = tmp_path / "in.csv"
    with path.open("wb") as file:
        file.write(b"id,text\n1,a\n2,")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n3,c\n")
    tracemalloc.start()
    rows = told(open_table(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [row[0] for row in rows] == [1, 2, 3]
    assert "100,000,003 bytes" in rows[1][2]
    assert rows[2][2] == ("3", "c")
    assert peak < 4 * LONGEST_RECORD_BYTES


def test_a_quote_that_is_never_closed_does_not_swallow_the_file_whole(table):
    lines = b"".join(b"%d,text number %d\n" % (number, number) for number in range(200_000))
    rows = told(table(b'id,text\n1,"open\n' + lines))
    assert "bytes or more" in rows[0][2]
    assert rows[-1][2] == ("199999", "text number 199999")


def test_json_lines_that_are_no_objects_are_named(table):
    found = table(b'{"a": 1}\n[1]\n{"a":\n\n{"b": {"c": 2}}\nnull\n{"a": "x\\u0000"}\n', "in.jsonl")
    assert found.columns == ("a", "b")
    problems = [problem if isinstance(problem, str) else "" for _, _, problem in told(found)]
    assert [bool(problem) for problem in problems] == [False, True, True, False, True, True]
    assert "no JSON object" in problems[1]


@pytest.mark.parametrize("content", [b"PAR1 not really", b""])
def test_a_parquet_file_that_is_none_is_told(table, content):
    with pytest.raises(TableUnreadable, match="no Parquet file"):
        table(content, "in.parquet")


@given(st.lists(st.tuples(st.text(), st.text()), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_what_is_written_as_raw_csv_is_read_back(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    clean = [tuple("".join(c for c in cell if c not in "\x00\r\n" and c.isprintable()) for cell in row) for row in rows]
    with TableFile(path, ("a", "b"), raw_csv=True) as file:
        for one, other in clean:
            file.write({"a": one, "b": other})
    assert [tuple(row.values.values()) for row in open_table(path).rows()] == clean


@pytest.mark.parametrize("cell", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "  =1", "\uff1d1"])
def test_a_cell_that_looks_like_a_formula_gets_an_apostrophe(cell):
    assert safe_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-4.5", "+1e3", "a=b", "", "1-2", 7, None])
def test_numbers_and_other_cells_stay_as_they_are(cell):
    assert safe_cell(cell) == cell


def test_a_table_that_breaks_off_leaves_what_was_there(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("before")
    with pytest.raises(ZeroDivisionError), TableFile(path, ("a",)) as file:
        file.write({"a": 1 / 0})
    assert [one.name for one in tmp_path.iterdir()] == ["out.csv"]
    assert path.read_text() == "before"
    with pytest.raises(OutputFailed), TableFile(path / "below" / "out.csv", ("a",)):
        pytest.fail("a file is no folder")


def test_a_survey_counts_rows_and_problems_and_knows_types(tmp_path):
    path = tmp_path / "in.jsonl"
    rows = [{"n": 1, "x": 1.5, "t": "a", "b": True}, {"n": 2, "x": 3, "t": "b"}, "broken"]
    path.write_text("\n".join(map(json.dumps, rows)))
    parameters = BatchParameters(input_path=path, output_path=tmp_path / "o.csv", prompt="{{ row.t }}")
    found = survey(open_table(path), parameters, path)
    assert (found.rows, found.broken, found.types) == (3, 1, {"n": "int64", "x": "double", "b": "bool"})
    assert found.problems == ("line 3: it is no JSON object",)


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("{{ row.a|upper }} {{ row['b c'] }}", "X é"),
        ("{% if row.n %}{{ row.n + 1 }}{% endif %}", "3"),
        ("{% for part in row.list %}{{ loop.index }}{{ part }} {% endfor %}", "1p 2q "),
        ("{{ row.a.strip()|default('none') }} {{ row|length }}", "x 4"),
        ("{% set short = row.a %}{{ short }}", "x"),
    ],
)
def test_templates_may_use_columns_filters_conditions_and_loops(source, made):
    row = {"a": "x", "b c": "é", "n": 2, "list": ["p", "q"]}
    assert PromptTemplate(source, list(row)).render(row) == made


@pytest.mark.parametrize(
    "source",
    [
        "{{ row.a.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ row.a.format(x=1) }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ range(10**9) }}",
        "{% for i in range(9) %}{% endfor %}",
        "{% for a in row.a %}{% for b in row.a %}{% endfor %}{% endfor %}",
        "{{ row.a * 1000000000 }}",
        "{{ 9 ** 999999999 }}",
        "{{ row.a.ljust(1000000000) }}",
        "{{ '%1000000000s'|format(row.a) }}",
        "{{ row.a|center(1000000000) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
        "{{ self._TemplateReference__context }}",
        "{{ missing }}",
        "{{ row.nothing }}",
        "{{ row.a|nothing }}",
        "{{ row.a",
        "{% if %}",
    ],
)
def test_attacks_and_typos_are_refused_before_a_row_is_asked(source):
    with pytest.raises(TemplateInvalid):
        PromptTemplate(source, ["a"]).render({"a": "x"})


@pytest.mark.parametrize(
    "source",
    ["{{ row.a|replace('', row.a) }}", "{{ row.a|list|join(row.a) }}", "{% for c in row.a %}{{ row.a }}{% endfor %}"],
)
def test_a_prompt_cannot_grow_without_bounds(source):
    with pytest.raises(TemplateInvalid, match=f"{LONGEST_PROMPT:,}"):
        PromptTemplate(source, ["a"]).render({"a": "x" * 100_000})


@pytest.mark.parametrize("source", ["{{ row.a + 1 }}", "{{ row.a / 0 }}", "{{ row.a.b.c }}", "{{ row.list[9] }}"])
def test_what_cannot_be_made_of_a_row_is_told_of_that_row(source):
    with pytest.raises(TemplateInvalid):
        PromptTemplate(source, ["a", "list"]).render({"a": "x", "list": []})


def test_the_safe_csv_is_still_csv(tmp_path):
    with TableFile(tmp_path / "o.csv", ("a", "=b")) as file:
        file.write({"a": '=HYPERLINK("x")', "=b": {"c": [1]}})
    with (tmp_path / "o.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["a", "'=b"], ['\'=HYPERLINK("x")', '{"c":[1]}']]
