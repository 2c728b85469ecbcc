"""Which block speaks for which kind of service."""

import importlib
import sys

import pytest

from blocks.errors import UnknownServiceKind
from blocks.fake import Says, Scripted
from blocks.fold import collect
from blocks.kinds import Parts, ServiceFactory, make_service
from blocks.local import Local
from blocks.openai_compatible import OpenAICompatible
from blocks.sketch import Sketch
from registry.words import Service


def row(kind, **facts):
    return Service(service_id=1, name=f"my-{kind}", kind=kind, **facts)


@pytest.fixture
def parts(transport, tmp_path):
    return Parts(transport=transport, local_directory=tmp_path)


def test_each_kind_that_ships_has_its_block(parts):
    assert isinstance(make_service(row("openai_compatible"), parts), OpenAICompatible)
    assert isinstance(make_service(row("local"), parts), Local)
    assert isinstance(make_service(row("sketch"), parts), Sketch)


async def test_a_fake_in_the_catalogue_says_what_its_options_say(parts, make_call):
    service = make_service(row("fake", options={"says": ["one", "two"]}), parts)
    assert [(await collect(service.stream(make_call()))).text for _ in range(3)] == ["one", "two", "one"]


def test_an_unknown_kind_is_told_with_those_that_there_are(parts):
    with pytest.raises(UnknownServiceKind, match="'parrot'; there are local, openai_compatible, sketch"):
        make_service(row("parrot"), parts)


def test_people_may_add_kinds_and_replace_ours(parts):
    parrot = Scripted([Says("hello")])
    factory = ServiceFactory(parts, {"parrot": lambda service, parts: parrot, "local": lambda service, parts: parrot})
    assert factory.make(row("parrot")) is parrot
    assert factory.make(row("local")) is parrot


def test_an_installed_package_may_add_a_kind(parts, tmp_path, monkeypatch):
    info = tmp_path / "parrots-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: parrots\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[turnout.services]\nparrot = parrots_of_a_test:make\n")
    (tmp_path / "parrots_of_a_test.py").write_text(
        "from blocks.fake import Says, Scripted\ndef make(service, parts): return Scripted([Says(service.name)])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    factory = ServiceFactory(parts)
    assert "parrot" in factory.kinds()
    assert isinstance(factory.make(row("parrot")), Scripted)
    sys.modules.pop("parrots_of_a_test")
