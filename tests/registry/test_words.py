"""The shared words: numbers that are in people's databases, money and tokens that add up."""

from dataclasses import FrozenInstanceError, dataclass, field
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.words import Exclusion, FailureClass, Price, Usage, format_usd, usd_to_nanousd
from registry.words.quick import maker


def test_the_numbers_of_failure_classes_never_change_their_meaning():
    assert {failure.value: failure.code for failure in FailureClass} == {
        "transient": 1, "rate_limited": 2, "quota": 3, "credentials": 4, "unavailable_model": 5, "too_long": 6,
        "refused": 7, "invalid_output": 8, "caller_fault": 9, "cancelled": 10,
    }  # fmt: skip
    assert FailureClass.from_code(0) is None
    assert all(FailureClass.from_code(failure.code) is failure for failure in FailureClass)
    with pytest.raises(KeyError):
        FailureClass.from_code(11)


@dataclass(frozen=True, slots=True, kw_only=True)
class Locked:
    left: int
    right: int = 2
    more: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Open:
    left: int
    right: int = 2


def test_what_a_maker_makes_is_what_the_class_makes():
    make_locked, make_open = maker(Locked), maker(Open)
    assert make_locked(left=1) == Locked(left=1)
    assert make_locked(left=1, right=5, more=[7]) == Locked(left=1, right=5, more=[7])
    assert make_locked(left=1).more is not make_locked(left=1).more
    assert (make_open(1), make_open(1, right=3)) == (Open(1), Open(1, 3))
    made = make_locked(left=1)
    assert (type(made), repr(made)) == (Locked, repr(Locked(left=1)))
    with pytest.raises(FrozenInstanceError):
        made.left = 2
    for wrong in ({}, {"left": 1, "wrong": 2}):
        with pytest.raises(TypeError, match="make"):
            make_locked(**wrong)
    with pytest.raises(TypeError, match="positional"):
        make_locked(1)


def test_only_plain_dataclasses_have_makers():
    @dataclass(slots=True)
    class Careful:
        left: int

        def __post_init__(self):
            self.left += 1

    for kind in (Careful, int, Decimal):
        with pytest.raises(TypeError, match="is no dataclass with slots"):
            maker(kind)


def test_the_numbers_of_exclusions_never_change_their_meaning():
    assert {exclusion.value: exclusion.code for exclusion in Exclusion} == {
        "capability": 1, "disabled": 2, "no_credential": 3, "context_window": 4, "feature": 5, "region": 6,
        "not_pinned": 7, "retired": 8, "cooling": 9, "budget": 10, "no_block": 11, "breaker": 12, "limit": 13,
        "rule": 14,
    }  # fmt: skip
    assert all(Exclusion.from_code(exclusion.code) is exclusion and exclusion.told for exclusion in Exclusion)


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_cost_is_never_booked_too_low_nor_a_nanodollar_too_high(input_tokens, output_tokens, price_in, price_out):
    price = Price(input_nanousd_per_mtok=price_in, output_nanousd_per_mtok=price_out)
    exact = Decimal(input_tokens * price_in + output_tokens * price_out) / 1_000_000
    cost = price.cost_nanousd(Usage(input_tokens=input_tokens, output_tokens=output_tokens))
    assert exact <= cost < exact + 1


def test_cached_input_costs_its_own_price_where_it_has_one():
    usage = Usage(input_tokens=1_000_000, cached_input_tokens=400_000)
    assert Price(input_nanousd_per_mtok=10, cached_input_nanousd_per_mtok=5).cost_nanousd(usage) == 8
    assert Price(input_nanousd_per_mtok=10).cost_nanousd(usage) == 10


def test_usage_adds_up_and_is_an_estimate_as_soon_as_a_part_is():
    total = Usage(input_tokens=1, pictures=2) + Usage(input_tokens=3, output_tokens=4, reported=False)
    assert total == Usage(input_tokens=4, output_tokens=4, pictures=2, reported=False)


@pytest.mark.parametrize(
    ("amount_nanousd", "shown"),
    [(0, "$0"), (7, "$0.000000007"), (1_500_000, "$0.0015"), (10_000_000, "$0.01"), (1_234_560_000_000, "$1,234.56")],
)
def test_money_is_shown_as_people_read_it(amount_nanousd, shown):
    assert format_usd(amount_nanousd) == shown


def test_dollars_become_nanodollars_exactly():
    assert usd_to_nanousd("0.1") * 10 == usd_to_nanousd("1")
