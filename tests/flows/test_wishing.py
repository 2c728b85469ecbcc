"""What matters as a parameter of pipelines: on every request, and part of what a run is only where it was said."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.batch.parameters import BatchParameters
from flows.batch.surveying import Asking
from flows.storyboard.parameters import StoryboardParameters
from flows.wishing import as_asked
from registry.words import Objective, Target


def batch(**facts):
    return BatchParameters(input_path=Path("in.csv"), output_path=Path("out.csv"), prompt="{{ row.a }}", **facts)


def test_a_batchs_wishes_are_on_the_request_of_every_row():
    asking = Asking(batch(policy="careful", target="cheapest above 0.9", priority="low"), ("a",))
    request = asking.request(("Hi.", ""), 7, "1")
    assert (request.policy, request.target, request.priority) == (
        "careful", Target(goal="cost", min_quality=0.9), "low",
    )  # fmt: skip
    assert (request.pipeline, request.run_id, request.objective) == ("route_batch", 7, None)


def test_a_storyboards_wishes_are_read_from_its_form():
    wishes = StoryboardParameters(thought="A lamp.", objective="cost=1").wishes()
    assert (wishes.objective, wishes.pipeline) == (Objective(quality=0, cost=1, speed=0), "storyboard")


def test_a_wish_is_part_of_what_a_batch_asks_and_its_absence_is_not():
    assert batch().asked().keys().isdisjoint({"objective", "target", "priority"})
    assert batch(target="cheapest").asked()["target"] == "cheapest"
    assert batch(priority="low").asked() == batch().asked()  # when it is done changes no answer
    assert as_asked({"target": "", "policy": "", "objective": "cost=1"}) == {"policy": "", "objective": "cost=1"}


@pytest.mark.parametrize("wish", [{"objective": "cost=-1"}, {"target": "nonsense"}, {"priority": "urgent"}])
def test_a_form_with_a_wish_that_makes_no_sense_is_refused(wish):
    with pytest.raises(ValidationError):
        batch(**wish)
    with pytest.raises(ValidationError):
        StoryboardParameters(thought="A lamp.", **wish)
