"""Credentials by reference."""

import pickle

import pytest

from blocks.credentials import CredentialSource
from blocks.errors import CredentialMissing


async def test_a_reference_to_the_environment_leads_to_its_value_of_now():
    environment = {"A_KEY": " sesame\n"}
    source = CredentialSource(environment)
    assert await source.resolve("env:A_KEY") == "sesame"
    environment["A_KEY"] = "other"
    assert await source.resolve("env:A_KEY") == "other"


async def test_no_reference_needs_no_secret():
    source = CredentialSource({})
    assert await source.resolve(None) is None
    assert await source.present(None)


@pytest.mark.parametrize("value", [None, "", "  \n"])
async def test_a_variable_that_is_not_set_or_blank_is_missing(value):
    source = CredentialSource({} if value is None else {"A_KEY": value})
    assert not await source.present("env:A_KEY")
    with pytest.raises(CredentialMissing, match="set the environment variable A_KEY"):
        await source.resolve("env:A_KEY")


@pytest.mark.parametrize("reference", ["", "env:", "block:", "A_KEY", "file:/etc/passwd"])
async def test_a_reference_of_another_form_is_told_how_to_look(reference):
    with pytest.raises(CredentialMissing, match="env:NAME or block:name"):
        await CredentialSource({}).resolve(reference)


async def test_a_source_shows_no_secret_and_does_not_travel():
    source = CredentialSource({"A_KEY": "sesame"})
    await source.resolve("env:A_KEY")
    assert "sesame" not in repr(source) + str(source)
    with pytest.raises(TypeError, match="does not travel"):
        pickle.dumps(source)
