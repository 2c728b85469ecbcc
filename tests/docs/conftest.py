"""The pages as the tests read them: blocks of code, commands, links and tables; and a home in which they are tried."""

from __future__ import annotations

import re
import shlex
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("registry", "blocks", "quality", "routing", "flows", "dashboards", "gateway")
PAGES = (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))

_COMMENT = re.compile(r"<!-- (.*) -->")
_FENCE = re.compile(r"```(\w+)")
_INLINE_COMMAND = re.compile(r"`(turnout [^`]+)`")
_LINK = re.compile(r"(?<!`)\[[^\]]*\]\(([^)\s]+)\)")
_SHELL_WORDS = frozenset({"|", "&&", "||", ";", ">", "&"})


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: where its first line stands, its language, and the HTML comment right above it, if any."""

    page: Path
    line: int
    language: str
    text: str
    note: str

    @property
    def place(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """A ``turnout`` command, as the words after ``turnout``."""

    place: str
    words: tuple[str, ...]


def blocks_of(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    blocks, inside, note = [], None, ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.fullmatch(line)
        if inside is not None:
            if line == "```":
                first, language, lines = inside
                blocks.append(Block(page, first, language, "\n".join(lines) + "\n", note))
                inside, note = None, ""
            else:
                inside[2].append(line)
        elif fence:
            inside = (number + 1, fence[1], [])
        elif line:
            comment = _COMMENT.fullmatch(line)
            note = comment[1] if comment else ""
    return blocks


def prose_of(page: Path) -> list[tuple[int, str]]:
    """The lines outside fenced blocks, with their numbers."""
    fenced = {number for block in blocks_of(page) for number in range(block.line, block.line + block.text.count("\n"))}
    lines = enumerate(page.read_text(encoding="utf-8").splitlines(), 1)
    return [(number, line) for number, line in lines if number not in fenced]


def links_of(page: Path) -> list[tuple[int, str]]:
    """The targets of a page's links and pictures, with their lines; those with a scheme left out."""
    return [
        (number, target)
        for number, line in prose_of(page)
        for target in _LINK.findall(line)
        if "://" not in target and not target.startswith("mailto:")
    ]


def commands_of(page: Path) -> list[Command]:
    """The ``turnout`` commands of a page: in shell blocks, and in the text between backticks."""
    found = []
    for block in blocks_of(page):
        for line in _shell_lines(block):
            found += [Command(block.place, words) for words in _turnout_in(line)]
    for number, line in prose_of(page):
        for text in _INLINE_COMMAND.findall(line):
            # A bar in a table is escaped; one without spaces around it parts alternatives.
            plain = re.sub(r"[\[\]]", "", text.replace("\\|", "|"))
            found += [Command(f"{page.relative_to(ROOT)}:{number}", words) for words in _turnout_in(plain)]
    return [each for command in found for each in _alternatives(command)]


def table_below(page: Path, note: str) -> list[list[str]]:
    """The cells of the table under ``<!-- table: note -->``, without its head; code marks are taken off."""
    lines = page.read_text(encoding="utf-8").splitlines()
    start = lines.index(f"<!-- table: {note} -->") + 3
    rows = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        cells = re.split(r"(?<!\\)\|", line.strip()[1:-1])
        rows.append([cell.strip().replace("\\|", "|") for cell in cells])
    return rows


def _shell_lines(block: Block) -> list[str]:
    """What is typed; of a ``console`` block, what stands behind a prompt."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.language == "console":
        return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return lines if block.language == "sh" else []


def _turnout_in(line: str) -> list[tuple[str, ...]]:
    """The words of each ``turnout`` command in a line of shell."""
    parts: list[list[str]] = [[]]
    for word in shlex.split(line, comments=True):
        if word in _SHELL_WORDS:
            parts.append([])
        else:
            parts[-1].append(word)
    return [tuple(part[1:]) for part in parts if part and part[0].rpartition("/")[2] == "turnout"]


def _alternatives(command: Command) -> list[Command]:
    """``list|add`` as two commands."""
    choices = [command.words]
    for place, word in enumerate(command.words):
        if "|" in word:
            choices = [(*words[:place], one) for words in choices for one in word.split("|")]
    return [Command(command.place, words) for words in choices]


def modules_with_examples() -> list[str]:
    """The modules of all rooms whose docstrings hold doctests."""
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    return [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in files
        if ">>> " in path.read_text(encoding="utf-8")
    ]


def pytest_generate_tests(metafunc):
    """One test for each page, command and module, so that a failure names the one that is wrong."""
    if "page" in metafunc.fixturenames:
        metafunc.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
    if "page_with_python" in metafunc.fixturenames:
        pages = [page for page in PAGES if any(block.language == "python" for block in blocks_of(page))]
        metafunc.parametrize("page_with_python", pages, ids=[str(page.relative_to(ROOT)) for page in pages])
    if "module_with_examples" in metafunc.fixturenames:
        metafunc.parametrize("module_with_examples", modules_with_examples())


@pytest.fixture
def pages():
    return PAGES


@pytest.fixture
def root():
    return ROOT


@pytest.fixture
def read():
    """What the pages hold: ``read.blocks(page)``, ``read.links(page)``, ``read.commands(page)``, ``read.table(…)``."""

    class Read:
        blocks = staticmethod(blocks_of)
        links = staticmethod(links_of)
        commands = staticmethod(commands_of)
        table = staticmethod(table_below)
        prose = staticmethod(prose_of)

    return Read


@pytest.fixture
def scripted_home(sqlite_template, tmp_path, monkeypatch):
    """Makes a data directory in which `local` says what it is told to, for this process and those that it starts."""

    async def make(*says: str) -> Path:
        import shutil

        from registry import Catalogue, Home, Price, Store, seed

        home = Home(tmp_path / "home").make()
        shutil.copyfile(sqlite_template, home.database)
        store = await Store.open(f"sqlite:///{home.database}")
        await seed(store, time.time)
        catalogue = Catalogue(store, time.time)
        await catalogue.remove_service("local")
        await catalogue.add_service("local", "fake", enabled=True, options={"says": list(says)})
        await catalogue.put_offering(
            "local", "smollm2-135m-instruct", capabilities=["text"], features=["json_schema", "stream"]
        )
        await catalogue.put_price("local/smollm2-135m-instruct", Price())
        await store.close()
        monkeypatch.setenv("TURNOUT_HOME", str(home.path))
        (tmp_path / "here").mkdir()
        monkeypatch.chdir(tmp_path / "here")
        return home.path

    return make


@pytest.fixture
def run_program():
    """Runs a Python program in a process of its own, in the working directory; its stdout, and its stderr."""
    import asyncio
    import os

    async def run(*words: object, **environment: str) -> tuple[str, str]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *map(str, words),
            env=os.environ | environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode(), err.decode()

    return run
