"""Servers that were found, in the words of the terminal."""

from __future__ import annotations

from gateway.cli.services_asked import found_as_json, say_found
from gateway.discovering import in_words
from registry import Capability, KeptServer
from registry.words.found import FoundModel, FoundServer


def kept(product="vllm", port=8000, **facts):
    model = FoundModel(name="meta/Llama-3", capability=Capability.TEXT)
    found = FoundServer(product=product, port=port, endpoint=f"http://127.0.0.1:{port}/v1", models=(model,))
    return KeptServer(**{"found": found, "state": "added", "service": product, "new_models": ("llama-3",)} | facts)


def test_those_that_wait_for_a_person_are_named_with_the_way_to_enable_them():
    in_use = kept("ollama", 11434, state="known", enabled=True)
    gone = kept("sglang", 30000, state="removed", service="")
    assert in_words((kept(), in_use, gone)) == (
        "Found, disabled: vllm (1 model). Enable with `turnout services enable NAME`."
    )
    assert in_words((in_use, gone)) == in_words(()) == ""


def test_a_person_sees_each_with_its_state_and_a_machine_all_of_it(capsys):
    both = (kept(), kept("sglang", 30000, state="removed", service="", new_models=()))
    say_found(both)
    shown = capsys.readouterr().out
    assert "found, disabled" in shown
    assert "removed here before" in shown
    assert shown.rstrip().endswith("`turnout services enable NAME`.")
    assert found_as_json(both)[0] == {
        "product": "vllm", "endpoint": "http://127.0.0.1:8000/v1", "state": "added", "service": "vllm",
        "enabled": False, "models": ["meta/Llama-3"], "new_models": ["llama-3"],
    }  # fmt: skip
    say_found(())
    assert "No AI server answers" in capsys.readouterr().out
