"""The one module that imports Great Expectations (4 s, 230 MB). Only the child process does so, in ``child.py``.

A pandas data source shared by threads gives wrong verdicts without an error: one :class:`Validator` serves one thread.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import great_expectations as gx
import orjson
import pandas as pd
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import ColumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.column_condition_partial import (
    column_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.column_map_metric_provider import (
    ColumnMapMetricProvider,
)

from quality.errors import SuiteRejected
from quality.suite import CHECK_EXPECTATION
from registry.words import Verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult

    from quality.checks import Checks
    from quality.subject import Subject
    from quality.suite import Row

_SUITES_KEPT = 256
_RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "unexpected_index_column_names": ["result_id"],
    "exclude_unexpected_values": True,
    "return_unexpected_index_query": False,
    "include_unexpected_rows": False,
    "partial_unexpected_count": 0,
}


def register_check_expectation(checks: Checks) -> None:
    """Make Great Expectations know ``expect_column_values_to_pass_check``, over these checks.

    Its classes register themselves where they are defined; they are defined here, so that they close over ``checks``
    and no module holds state.
    """

    class ColumnValuesPassCheck(ColumnMapMetricProvider):
        condition_metric_name = "column_values.pass_check"
        condition_value_keys = ("check",)

        @column_condition_partial(engine=PandasExecutionEngine)
        def _pandas(cls, column: pd.Series[Any], check: str, **_: Any) -> pd.Series[bool]:  # noqa: N805 - Great Expectations makes it a class method
            named = checks.named(check)
            return pd.Series([named.look(subject).passed for subject in column], index=column.index, dtype=bool)

    class ExpectColumnValuesToPassCheck(ColumnMapExpectation):
        """Expect each result to pass a check, named as in a request: ``length:20:400``."""

        check: str
        map_metric: ClassVar[str] = "column_values.pass_check"
        success_keys: ClassVar[tuple[str, ...]] = ("check", "mostly")
        args_keys: ClassVar[tuple[str, ...]] = ("column", "check")


class Validator:
    """Runs suites over batches of results. Suites are parsed once each."""

    def __init__(self, checks: Checks) -> None:
        register_check_expectation(checks)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = ProgressBarsConfig(globally=False)
        source = context.data_sources.add_pandas("results")
        asset = source.add_dataframe_asset("results")
        self._batches: BatchDefinition[Any] = asset.add_batch_definition_whole_dataframe("all")
        self._checks = checks
        self._suites: dict[str, gx.ExpectationSuite] = {}

    def validate(self, suite_json: str, rows: Sequence[Row]) -> dict[str, tuple[Verdict, ...]]:
        """The verdicts on each row, by its ``result_id``, in the suite's order.

        Raises:
            SuiteRejected: it names expectations that do not exist, or one of them broke down.
        """
        suite = self._suite(suite_json)
        batch = self._batches.get_batch(batch_parameters={"dataframe": _table(rows)})
        outcome = batch.validate(suite, result_format=_RESULT_FORMAT)
        failed: dict[tuple[str, str], bool] = {}  # (result_id, check_id): whether critical
        for result in outcome.results:
            failed |= _failures(suite.name, result)
        order = {str((one.meta or {})["check_id"]): one for one in suite.expectations}
        return {
            row.result_id: tuple(
                self._verdict(row.subject, check_id, one, failed.get((row.result_id, check_id)))
                for check_id, one in order.items()
            )
            for row in rows
        }

    def _suite(self, suite_json: str) -> gx.ExpectationSuite:
        known = self._suites.get(suite_json)
        if known is not None:
            return known
        described = orjson.loads(suite_json)
        try:
            suite = gx.ExpectationSuite(**described)
        except Exception as error:
            raise SuiteRejected(described["name"], f"{type(error).__name__}: {error}"[:300]) from error
        # Unknown types are logged and dropped: an expectation that is not there passes everything.
        missing = {one["type"] for one in described["expectations"]} - {
            one.expectation_type for one in suite.expectations
        }
        if missing or len(suite.expectations) != len(described["expectations"]):
            raise SuiteRejected(suite.name, f"there is no expectation {', '.join(sorted(missing)) or 'but one twice'}")
        if len(self._suites) >= _SUITES_KEPT:
            self._suites.clear()
        self._suites[suite_json] = suite
        return suite

    def _verdict(self, subject: Subject | None, check_id: str, expectation: Any, critical: bool | None) -> Verdict:
        """The verdict that Great Expectations reached; the reason is asked of the check, which alone knows it."""
        is_check = expectation.expectation_type == CHECK_EXPECTATION
        if is_check:
            seen = self._checks.named(expectation.check).look(subject)
            if seen.passed is (critical is None):
                return seen
        severity = critical if critical is not None else _is_critical(expectation.severity)
        reason = "" if critical is None else f"it is not as {expectation.expectation_type} expects"
        return Verdict(check=check_id, passed=critical is None, critical=severity, reason=reason)


def _failures(suite_name: str, result: ExpectationValidationResult) -> dict[tuple[str, str], bool]:
    config = result.expectation_config
    # A validation never raises: what went wrong stands here, for the whole batch.
    if config is None or config.meta is None or result.exception_info.get("raised_exception") is not False:
        kind = config.type if config else "an expectation"
        raise SuiteRejected(suite_name, f"{kind} broke down: {_exception_in(result.exception_info)}")
    check_id, critical = str(config.meta["check_id"]), _is_critical(config.severity)
    return {
        (str(result_id), check_id): critical
        for unexpected in (result.result or {}).get("unexpected_index_list") or ()
        for result_id in _as_list(unexpected["result_id"])
    }


def _is_critical(severity: Any) -> bool:
    return str(getattr(severity, "value", severity)) == "critical"


def _table(rows: Sequence[Row]) -> pd.DataFrame:
    """The batch as a table of plain objects: pandas would guess types, and take None for NaN."""
    columns: dict[str, list[Any]] = {"result_id": [row.result_id for row in rows]}
    subjects = [row.subject for row in rows]
    columns["subject"] = list(subjects)
    columns["text"] = [subject and subject.text for subject in subjects]
    columns["characters"] = [len(subject.text or "") if subject else None for subject in subjects]
    columns["pictures"] = [len(subject.media) if subject else None for subject in subjects]
    columns["capability"] = [subject and str(subject.request.capability) for subject in subjects]
    columns["stage"] = [subject and subject.request.stage for subject in subjects]
    return pd.DataFrame(columns, dtype=object)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _exception_in(info: dict[str, Any]) -> str:
    """The kind of an exception: flat, or by metric. Its message may hold a result's content, and is left out."""
    flat = info if "exception_message" in info else next(iter(info.values()), {})
    return str(flat.get("exception_message", "")).partition(":")[0][:100] or "unknown"
