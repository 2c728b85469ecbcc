"""Every Python block of the documentation runs: in order, page by page, with scripted services instead of real ones."""

from __future__ import annotations

import ast
import asyncio
import inspect

import pytest

from blocks import Says, Scripted
from registry import Settings
from routing import Runtime

# What may stand behind `run:` above a block. Everything else runs in this process.
OWN_PROCESS, WITH_PREFECT = "run: own process", "run: with Prefect"


def how(block):
    """Which of the notes the block bears; what follows the semicolon is the reason, for readers."""
    note, _, reason = block.note.partition("; ")
    assert note in {"", OWN_PROCESS, WITH_PREFECT} or not note.startswith("run:"), f"{block.place}: {note}"
    assert reason or not note.startswith("run:"), f"{block.place} does not say why it runs elsewhere"
    return note


def answer(call):
    """A text, or the smallest JSON that the schema lets through."""
    import json

    schema = call.request.schema
    if schema is None:
        return Says("The sea is loud tonight, and the lamp is lit.")
    values = {"string": "Eddystone", "integer": 49}
    return Says(json.dumps({name: values[facts["type"]] for name, facts in schema["properties"].items()}))


async def execute(block, namespace):
    """Run a block, in which `await` may stand outside of functions. A traceback names the line of the page.

    One that makes an event loop of its own gets a thread of its own for it.
    """
    source = "\n" * (block.line - 1) + block.text
    code = compile(source, str(block.page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if "asyncio.run(" in block.text:
        await asyncio.to_thread(eval, code, namespace)
        return
    result = eval(code, namespace)
    if inspect.iscoroutine(result):
        await result


def test_only_a_line_or_two_stand_outside_of_a_coroutine(pages, read):
    """What is longer can be pasted into a file, and runs: it brings its own event loop."""
    for block in (block for page in pages for block in read.blocks(page) if block.language == "python"):
        for statement in ast.parse(block.text).body:
            is_short = isinstance(statement, ast.Assign | ast.Expr)
            assert is_short or not awaits(statement), f"{block.place}: line {statement.lineno} of it awaits"


def awaits(statement):
    """Whether the statement waits for something outside of the functions that it makes."""
    try:
        compile(ast.Module([statement], []), "block", "exec")
    except SyntaxError:
        return True
    return False


async def test_the_python_of_a_page_runs_from_top_to_bottom(page_with_python, read, scripted_home):
    python = [block for block in read.blocks(page_with_python) if block.language == "python"]
    await scripted_home("The sea is loud tonight, and the lamp is lit.")
    namespace = {"__name__": "documentation"}
    async with Runtime.open(Settings.load(), services={"local": Scripted(answer)}):
        for block in python:
            if not how(block).startswith("run:"):
                await execute(block, namespace)


async def test_programs_of_their_own_end_without_a_word_of_complaint(pages, read, scripted_home, run_program, tmp_path):
    """Held by this: what a process shares is closed at its end, when no thread can be started any more."""
    programs = [block for page in pages for block in read.blocks(page) if how(block) == OWN_PROCESS]
    assert programs
    await scripted_home("Three lighthouses.")
    for block in programs:
        program = tmp_path / "program.py"
        program.write_text(block.text, encoding="utf-8")
        out, err = await run_program(program)
        assert "Three lighthouses." in out, block.place
        assert err == "", block.place


@pytest.mark.prefect
async def test_what_needs_prefect_runs_on_a_prefect_server(
    pages, read, root, scripted_home, run_program, tmp_path, monkeypatch
):
    from gateway.prefect_server import prefect_server

    blocks = [block for page in pages for block in read.blocks(page) if how(block) == WITH_PREFECT]
    assert blocks
    await scripted_home("The sea is loud tonight.")
    for name in ("PREFECT_HOME", "PREFECT_API_URL", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)  # put back afterwards, whatever the server sets meanwhile
    async with prefect_server(tmp_path / "prefect"):
        for block in blocks:
            program = tmp_path / "program.py"
            program.write_text(block.text, encoding="utf-8")
            await run_program(program, OPENAI_API_KEY="sesame")
        look = "import asyncio, blocks; print(asyncio.run(blocks.CredentialSource().resolve('block:openai-team')))"
        assert (await run_program("-c", look))[0].strip() == "sesame"
        out, _ = await run_program(root / "examples" / "haiku.py", "rain")
        assert out.startswith("The sea is loud tonight.\nby local/smollm2-135m-instruct in ")


@pytest.mark.prefect
async def test_the_haiku_brings_its_own_prefect_where_none_is_named(scripted_home, run_program, root, tmp_path):
    await scripted_home("The sea is loud tonight.")
    unnamed = {"PREFECT_API_URL": "", "PREFECT_API_AUTH_STRING": "", "HOME": str(tmp_path)}
    out, err = await run_program(root / "examples" / "haiku.py", "rain", **unnamed)
    assert out.startswith("The sea is loud tonight.\nby local/smollm2-135m-instruct in ")
    assert err == "Starting Prefect's server …\n"
    assert not (tmp_path / ".prefect").exists()


async def test_prefect_is_imported_after_its_server_is_at_hand(scripted_home, run_program):
    await scripted_home("The sea is loud tonight.")
    late = """
import prefect
from gateway.prefect_server import prefect_at_hand
try:
    with prefect_at_hand():
        pass
except RuntimeError as error:
    print(error)
"""
    out, err = await run_program("-c", late, PREFECT_API_URL="")
    assert (out, err) == ("Prefect has been imported already; import it inside of `with prefect_at_hand():`\n", "")


async def test_the_lighthouses_are_described_and_drawn(scripted_home, run_program, root, tmp_path):
    await scripted_home('{"keeper": "a robot", "time_of_day": "dusk", "weather": "calm"}')
    out, err = await run_program(root / "examples" / "three_lighthouses.py")
    assert err == ""
    assert out.splitlines()[2] == "out/lighthouses/lighthouse-3.png: a robot, dusk, calm (drawn by sketch/sketch)"
    pictures = sorted((tmp_path / "here" / "out" / "lighthouses").iterdir())
    assert [path.read_bytes()[:4] for path in pictures] == [b"\x89PNG"] * 3
