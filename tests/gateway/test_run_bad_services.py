"""``turnout run`` over services that do not help: it ends with their names, or goes on with those that do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from blocks.local.model import find_model

pytestmark = pytest.mark.prefect

USELESS = {
    "fault": "times): mine: ",
    "html": "the answer is HTML (Welcome), not JSON: is the endpoint right?",
    "nothing": "mine: the answer is empty",
    "half": "mine/mine-1 (2 times): the answer is not JSON",
    "never": "the deadline of 20 s has passed. mine/mine-1: no answer within 20.0 s",
}
HASTY = ("--policy", "hasty")  # its deadline is 20 s


@pytest.fixture(scope="module")
def runs(place, shared_prefect, ended, tmp_path_factory):
    """How runs over services that do not help ended, and where; four at a time, since they mostly wait."""
    cut_short = tmp_path_factory.mktemp("models") / "cut.gguf"
    with find_model().open("rb") as whole:
        cut_short.write_bytes(whole.read(20_000_000))
    places = {
        **{manner: place(manner, **shared_prefect) for manner in USELESS},
        "fault, spare": place("fault", spare=True, **shared_prefect),
        "never, spare": place("never", spare=True, **shared_prefect),
        "no picture": place("good", picture=False, **shared_prefect),
        "model cut short": place(None, TURNOUT_LOCAL_MODEL_PATH=str(cut_short), **shared_prefect),
    }
    # Those that wait for a deadline begin first.
    order = sorted(places, key=lambda name: "never" not in name)
    with ThreadPoolExecutor(4) as pool:
        how = pool.map(lambda name: ended(places[name].storyboard(*HASTY)), order)
    return {name: (one, places[name]) for name, one in zip(order, how, strict=True)}


@pytest.mark.parametrize("manner", USELESS)
def test_a_useless_service_and_no_other_ends_the_run_with_its_name_and_what_it_did(runs, refused, manner):
    how, where = runs[manner]
    assert USELESS[manner] in refused(how)
    assert where.made() == set()


@pytest.mark.parametrize("manner", ["html", "never"])
def test_a_run_that_failed_is_listed_as_failed_with_its_sentence(runs, refused, manner):
    how, where = runs[manner]
    state, message = where.state()
    assert state == "failed"
    assert message in refused(how)


@pytest.mark.parametrize("manner", ["fault", "never"])
def test_with_another_service_the_run_falls_back_on_it_and_explains_so(runs, manner):
    how, where = runs[f"{manner}, spare"]
    assert how.code == 0, how.err
    assert "storyboard.html" in where.made()
    tasks = where.turnout("explain", "last", "--json").json["tasks"]
    tried = [[(one["offering"], one["outcome"]) for one in task["attempts"]] for task in tasks]
    assert [("mine/mine-1", "transient"), ("spare/spare-1", "done")] in tried


def test_a_service_that_hangs_is_waited_for_once_and_not_again_in_each_request(runs):
    _, where = runs["never, spare"]
    tasks = where.turnout("explain", "last", "--json").json["tasks"]
    waited = [task for task in tasks if task["attempts"][0]["offering"] == "mine/mine-1"]
    # Those that were asked for side by side at first have waited; the others had learned of it.
    assert 1 <= len(waited) <= 4 < len(tasks)
    assert all(9_000 < task["attempts"][0]["latency_ms"] < 19_000 for task in waited)


def test_no_service_for_a_capability_is_said_and_the_run_fails(runs, refused):
    how, where = runs["no picture"]
    sentence = refused(how)
    assert "no service can do `image` now: sketch: the service is disabled" in sentence
    assert "turnout services enable sketch" in sentence
    assert where.state()[0] == "failed"
    assert "no service can do `image`" in where.turnout("explain", "last").out
    assert where.made() == set()


def test_a_model_file_cut_short_is_named_with_its_size(runs, refused):
    how, _ = runs["model cut short"]
    assert "cut.gguf is cut short: 20,000,000 of" in refused(how)


def test_a_server_of_prefects_whose_password_we_lack_is_said_so(place, shared_prefect, ended, refused):
    where = place("good", **{**shared_prefect, "PREFECT_API_AUTH_STRING": "turnout:wrong"})
    assert "set PREFECT_API_AUTH_STRING" in refused(ended(where.storyboard()))
