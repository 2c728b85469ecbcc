"""Prefect's side: the block classes, and secrets that come out of saved blocks."""

import warnings
from importlib.metadata import entry_points

import pytest
from prefect.blocks.core import Block
from prefect.blocks.system import Secret
from prefect.testing.standard_test_suites import BlockStandardTestSuite
from prefect.testing.utilities import prefect_test_harness

import blocks.prefect
from blocks.contract import AIService
from blocks.credentials import CredentialSource
from blocks.errors import CredentialMissing
from blocks.fold import collect
from blocks.prefect import LocalService, OpenAICompatibleService, ServiceCredentials
from registry.words import Capability, Message, TaskRequest

CLASSES = [getattr(blocks.prefect, name) for name in blocks.prefect.__all__]


@pytest.mark.parametrize("block", CLASSES)
class TestBlocksKeepToPrefectsStandards(BlockStandardTestSuite):
    @pytest.fixture
    def block(self):
        """Stands in for the suite's own fixture; the parameter above gives the class."""

    @pytest.mark.skip(reason="it downloads a logo; ours have none")
    def test_has_a_valid_image(self, block): ...


def test_prefect_finds_the_blocks_through_its_entry_point():
    (point,) = [point for point in entry_points(group="prefect.collections") if point.name == "turnout"]
    module = point.load()
    assert {cls.get_block_type_slug() for cls in vars(module).values() if Block.is_block_class(cls)} == {
        "local-model-service",
        "openai-compatible-service",
        "service-credentials",
        "sketch-service",
    }


def test_a_secret_is_masked_wherever_a_block_is_shown():
    block = ServiceCredentials(secret="sesame", more={"signing": "open"})
    assert block.get_secret() == "sesame"
    shown = repr(block) + str(block) + block.model_dump_json()
    assert "sesame" not in shown
    assert "open" not in shown


async def test_a_service_block_makes_a_service_and_calls_that_work(http_server, answer):
    http_server.answer = answer.stream({"choices": [{"delta": {"content": "hi"}, "finish_reason": "stop"}]})
    block = OpenAICompatibleService(
        endpoint=f"{http_server.url}/v1", model="small-1", credentials=ServiceCredentials(secret="sesame")
    )
    request = TaskRequest(capability=Capability.TEXT, messages=(Message("user", "Hello?"),), params={"seed": 1})
    service = block.get_service()
    assert (await collect(service.stream(block.get_call(request)))).text == "hi"
    await service.aclose()
    seen = http_server.requests[0]
    assert (seen.json["model"], seen.json["seed"]) == ("small-1", 1)
    assert seen.headers["authorization"] == "Bearer sesame"


def test_the_local_block_makes_the_local_service(tmp_path):
    assert isinstance(LocalService(directory=tmp_path, slots=1).get_service(), AIService)


@pytest.fixture(scope="module")
def prefect_server():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Prefect's own start, which is not ours to mend
        with prefect_test_harness(server_startup_timeout=120):
            yield


@pytest.mark.prefect
async def test_secrets_come_out_of_saved_blocks_and_are_loaded_again_when_forgotten(prefect_server):
    now = [0.0]
    source = CredentialSource({}, clock=lambda: now[0])
    await ServiceCredentials(secret="sesame").asave("doors")
    assert await source.resolve("block:doors") == "sesame"

    await ServiceCredentials(secret="open").asave("doors", overwrite=True)
    assert await source.resolve("block:doors") == "sesame"
    source.forget("block:doors")
    assert await source.resolve("block:doors") == "open"

    await ServiceCredentials(secret="third").asave("doors", overwrite=True)
    now[0] += 61
    assert await source.resolve("block:doors") == "third"

    await Secret(value="bare").asave("plain")
    assert await source.resolve("block:secret/plain") == "bare"
    assert not await source.present("block:nowhere")
    with pytest.raises(CredentialMissing, match="save a Prefect block called nowhere"):
        await source.resolve("block:nowhere")
