"""What a person can set for a batch. Prefect shows it as a form."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.wishing import ObjectiveText, PriorityText, TargetText, as_asked, wishes_of

if TYPE_CHECKING:
    from routing.wishes import Wishes

Format = Literal["csv", "jsonl", "parquet"]
FORMATS: dict[str, Format] = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip


def format_of(path: Path) -> Format:
    """The format that a file's name says.

    Raises:
        ValueError: it says none that we know.
    """
    try:
        return FORMATS[path.suffix.lower()]
    except KeyError:
        known = ", ".join(FORMATS)
        raise ValueError(f"{path.name!r} has none of the endings {known}") from None


class BatchParameters(BaseModel):
    """The parameters of the batch flow: where the table is, what is asked of each row, where the results go.

    Raises:
        pydantic.ValidationError: something is missing, or a value is out of its bounds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_path: Path | None = Field(
        default=None, title="Input file", description="A CSV, JSONL or Parquet file, told by its ending."
    )
    query: str = Field(default="", max_length=100_000, title="Query", description="A SQL query, instead of a file.")
    database_url: str = Field(
        default="", title="Database", description="sqlite:///path or postgresql://user@host/name, for the query."
    )
    output_path: Path = Field(
        title="Output file", description="Where the table goes with its results: CSV, JSONL or Parquet by its ending."
    )
    capability: Literal["text", "embedding", "image"] = Field(default="text", title="Capability")
    prompt: str = Field(
        default="", max_length=100_000, title="Prompt",
        description="What is asked of each row, such as: Summarise: {{ row.text }}",
    )  # fmt: skip
    system: str = Field(default="", max_length=100_000, title="System prompt", description="May use {{ row.… }} too.")
    column: str = Field(default="", title="Column", description="The column that is the prompt, instead of one.")
    answer_schema: dict[str, Any] | None = Field(
        default=None, title="Schema", description="A JSON schema that every answer has to match."
    )
    checks: tuple[str, ...] | None = Field(
        default=None, title="Checks", description="Left out: those of the capability."
    )
    policy: str = Field(default="default", min_length=1, max_length=200, title="Policy")
    objective: ObjectiveText = ""
    target: TargetText = ""
    priority: PriorityText = ""
    service: str = Field(default="", max_length=300, title="Service", description="Pins a service or service/model.")
    params: dict[str, Any] = Field(default_factory=dict, title="Model parameters", description="temperature, seed …")
    key_column: str = Field(default="", title="Key column", description="Its values must differ from row to row.")
    limit: int | None = Field(default=None, ge=1, title="Rows at most")
    concurrency: int | None = Field(
        default=None, ge=1, le=10_000, title="Rows at once", description="batch_concurrency."
    )
    chunk_rows: int | None = Field(default=None, ge=1, le=10_000, title="Rows a task", description="batch_chunk_rows.")
    retry_failed: bool = Field(default=False, title="Failed rows again")
    raw_csv: bool = Field(
        default=False, title="Raw CSV", description="Leave cells that look like formulas as they are."
    )
    fresh: bool = Field(default=False, title="Begin anew")

    @model_validator(mode="after")
    def _whole(self) -> BatchParameters:
        if (self.input_path is None) == (not self.query):
            raise ValueError("give either an input file or a query, and not both")
        if self.query and not self.database_url:
            raise ValueError("a query needs a database")
        if bool(self.prompt) == bool(self.column):
            raise ValueError("give either a prompt or the column that is the prompt")
        if self.input_path is not None:
            format_of(self.input_path)
            if self.input_path.absolute() == self.output_path.absolute():
                raise ValueError("input and output are the same file")
        format_of(self.output_path)
        return self

    def asked(self) -> dict[str, Any]:
        """What is asked of each row: whatever changes an answer, and nothing else."""
        wanted = {"capability", "prompt", "system", "column", "answer_schema", "checks", "policy", "service", "params"}
        return as_asked(self.model_dump(mode="json", include=wanted | {"objective", "target"}))

    def wishes(self) -> Wishes:
        """How all rows are to be routed."""
        return wishes_of(self.policy, self.objective, self.target, self.priority, pipeline="route_batch")
