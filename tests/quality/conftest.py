"""What the tests of this room share: a request, a picture, and one warm process that runs suites."""

import asyncio
from io import BytesIO

import pytest
from PIL import Image

from quality import Checks, SuiteProcess
from registry.words import Capability, Media, TaskRequest


@pytest.fixture(scope="session")
def checks():
    return Checks.standard()


@pytest.fixture(scope="session")
def suite_process(checks):
    process = SuiteProcess(checks)
    yield process
    asyncio.run(process.aclose())


@pytest.fixture
def text_request():
    def make(**changes):
        return TaskRequest(capability=Capability.TEXT, **changes)

    return make


@pytest.fixture(scope="session")
def png():
    def make(width=64, height=48, *, flat=False, media_type="image/png", image_format="PNG"):
        picture = Image.new("RGB", (width, height), "white")
        if not flat:
            picture.paste("black", (0, 0, width // 2, height))
        out = BytesIO()
        picture.save(out, image_format)
        return Media(content=out.getvalue(), media_type=media_type, width=width, height=height)

    return make
