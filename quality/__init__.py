"""The room that judges: checks, the same checks as Great Expectations suites, scores. Importing it is free."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from quality.batching import MicroBatcher
    from quality.checks import Check, Checks
    from quality.errors import (
        CheckClash,
        MalformedCheck,
        MalformedSchema,
        QualityError,
        SuiteProcessFailed,
        SuiteRejected,
        UnknownCheck,
    )
    from quality.judging import Judge, compile_checks, judge, look_early, verdicts_to_scores
    from quality.process import SuiteProcess
    from quality.subject import Subject, parse_json
    from quality.suite import Expectation, Row, Suite

__all__ = [
    "Check",
    "CheckClash",
    "Checks",
    "Expectation",
    "Judge",
    "MalformedCheck",
    "MalformedSchema",
    "MicroBatcher",
    "QualityError",
    "Row",
    "Subject",
    "Suite",
    "SuiteProcess",
    "SuiteProcessFailed",
    "SuiteRejected",
    "UnknownCheck",
    "compile_checks",
    "judge",
    "look_early",
    "parse_json",
    "verdicts_to_scores",
]

__getattr__, __dir__ = lazily(
    __name__,
    {
        "Check": "quality.checks",
        "CheckClash": "quality.errors",
        "Checks": "quality.checks",
        "Expectation": "quality.suite",
        "Judge": "quality.judging",
        "MalformedCheck": "quality.errors",
        "MalformedSchema": "quality.errors",
        "MicroBatcher": "quality.batching",
        "QualityError": "quality.errors",
        "Row": "quality.suite",
        "Subject": "quality.subject",
        "Suite": "quality.suite",
        "SuiteProcess": "quality.process",
        "SuiteProcessFailed": "quality.errors",
        "SuiteRejected": "quality.errors",
        "UnknownCheck": "quality.errors",
        "compile_checks": "quality.judging",
        "judge": "quality.judging",
        "look_early": "quality.judging",
        "parse_json": "quality.subject",
        "verdicts_to_scores": "quality.judging",
    },
)
