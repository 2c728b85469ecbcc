"""What importing this room costs, and that its examples run."""

import doctest
import importlib
import pkgutil
import subprocess
import sys

import pytest

import blocks

HEAVY = ("prefect", "pandas", "great_expectations", "panel", "sqlalchemy", "httpx", "xllamacpp")


@pytest.mark.parametrize(
    ("module", "may_load"),
    [
        ("blocks", ()),
        ("blocks.contract", ()),
        ("blocks.errors", ()),
        ("blocks.transport", ()),
        ("blocks.wire.openai_replies", ()),
        ("blocks.openai_compatible", ()),
        ("blocks.local.service", ()),
        ("blocks.kinds", ()),
        ("blocks.credentials", ()),
        ("blocks.prefect", ("prefect", "httpx", "sqlalchemy")),
    ],
)
def test_importing_a_module_loads_nothing_heavy_that_it_does_not_need(module, may_load):
    code = f"import sys, {module}; print([name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert set(eval(loaded.stdout)) <= set(may_load)


def test_every_name_that_the_room_offers_is_there():
    for package in ("blocks", "blocks.local"):
        module = importlib.import_module(package)
        assert dir(module) == sorted(module.__all__)
        for name in module.__all__:
            assert getattr(module, name) is not None


@pytest.mark.parametrize(
    "module",
    [
        module.name
        for module in pkgutil.walk_packages(blocks.__path__, "blocks.")
        if not module.name.startswith(("blocks.prefect", "blocks.sketch"))
    ],
)
def test_the_examples_in_the_docstrings_run(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0
