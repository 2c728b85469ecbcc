"""What importing costs: the rooms that everything stands on load nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ("prefect", "pandas", "great_expectations", "panel", "cel")
ROOT = Path(__file__).parents[1]


def loaded_by(statement: str) -> set[str]:
    program = f"{statement}\nimport sys\nprint(*(name for name in sys.modules if '.' not in name))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "statement",
    [
        "import blocks.contract",
        "import blocks.transport, blocks.wire",
        "import registry\nfor name in registry.__all__: getattr(registry, name)",
        "import routing\nfor name in routing.__all__: getattr(routing, name)",
        "import routing.rules\nfor name in routing.rules.__all__: getattr(routing.rules, name)",
        "import quality",
        "import flows",
        "import gateway.cli.main",
    ],
)
def test_nothing_heavy_is_loaded_by(statement):
    assert loaded_by(statement).isdisjoint(HEAVY)


@pytest.mark.parametrize("room", ["registry", "blocks", "quality", "routing", "flows", "dashboards", "gateway"])
def test_every_name_that_a_room_offers_can_be_had(room):
    program = f"import {room}\nfor name in getattr({room}, '__all__', ()): getattr({room}, name)"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("room", ["registry", "blocks", "quality", "routing", "flows", "dashboards", "gateway"])
def test_every_module_says_in_its_first_line_what_it_holds(room):
    import ast

    silent = [
        str(path.relative_to(ROOT))
        for path in (ROOT / room).rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent
