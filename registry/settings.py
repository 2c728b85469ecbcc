"""Settings: what a person may choose, each with its default, its unit and where its value came from."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from registry.errors import SettingsError
from registry.settings_sources import Layer, read_layers
from registry.validation import fault_in_words

if TYPE_CHECKING:
    from collections.abc import Mapping

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]

_PASSWORD_IN_URL = re.compile(r"(://[^:/@]*):.*@|((?:password|passfile|sslpassword)=)[^&]*")


def _platform_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("turnout", appauthor=False)


class Settings(BaseModel):
    """Every setting, frozen. ``Settings.load()`` reads the world; ``Settings()`` is the defaults and reads nothing.

    Example:
        >>> Settings.load({"local_slots": 3}, environment={"TURNOUT_LOCAL_SLOTS": "1"}).local_slots
        3
    """

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)

    home: Path = Field(default_factory=_platform_home, description="The data directory: database, files, logs.")
    database_url: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="sqlite:///path or postgresql://user:password@host/name; left out: turnout.db in home.",
    )
    workspace: str = Field(default="default", min_length=1, max_length=100, description="Whose work this is.")
    principal: str = Field(default="local", min_length=1, max_length=100, description="Who in the workspace asks.")
    log_level: LogLevel = Field(default="WARNING", description="The least grave messages that are logged.")
    ledger_flush_seconds: float = Field(
        default=0.2, gt=0, le=60, description="How long calls gather before they are written together."
    )
    drain_seconds: float = Field(
        default=3.0, ge=0, le=600, description="How long an ending process may take to write what it still holds."
    )
    local_idle_seconds: float = Field(
        default=600.0, gt=0, description="How long the local model stays loaded without work."
    )
    local_model_path: Path | None = Field(
        default=None, description="A GGUF file for the local service; left out: the one that comes with Turnout."
    )
    local_threads: int | None = Field(
        default=None, ge=1, le=1024, description="Threads of the local model; left out: one fewer than there are cores."
    )
    local_context_tokens: int = Field(
        default=4096, ge=256, le=1_048_576, description="Context of the local model, in tokens for each slot."
    )
    local_slots: int = Field(default=2, ge=1, le=64, description="How many calls the local model works on at once.")
    max_parallel: int = Field(default=4, ge=1, le=10_000, description="How many calls a stage makes at once.")
    max_input_bytes: int = Field(default=4_000_000, ge=1, description="The largest input file, in bytes.")
    max_input_characters: int = Field(
        default=1_000_000, ge=1, description="The longest input text, in characters (about 350 pages)."
    )
    gx_rows: int = Field(
        default=50, ge=1, le=10_000, description="How many results Great Expectations judges in one go, in rows."
    )

    http_engine: Literal["aiohttp", "httpx", "lean"] = Field(
        default="aiohttp", description="What carries calls to services over HTTP."
    )
    gateway_host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Where gateway and pages listen; beyond this machine it wants an access key.",
    )
    gateway_port: int = Field(default=8470, ge=0, le=65_535, description="The gateway's port; 0 chooses a free one.")
    pages_port: int = Field(default=8471, ge=0, le=65_535, description="The pages' port; 0 chooses a free one.")
    prefect_port: int = Field(default=4270, ge=0, le=65_535, description="Our Prefect server's port; 0: a free one.")
    public_hosts: str = Field(
        default="", description="Names beyond loopback by which gateway and pages are called, with commas between."
    )
    max_body_bytes: int = Field(default=8_000_000, ge=1_000, description="The largest request body, in bytes.")
    request_seconds: float = Field(
        default=600.0, gt=0, le=86_400, description="How long the gateway works on one request at most."
    )
    batch_concurrency: int = Field(
        default=32, ge=1, le=10_000, description="How many rows of a batch are worked on at once."
    )
    batch_chunk_rows: int = Field(default=250, ge=1, le=10_000, description="How many rows make one Prefect task.")
    cache_scope: Literal["workspace", "principal"] = Field(
        default="workspace", description="Within what kept results are given again, where a policy keeps any."
    )
    cache_memory_bytes: int = Field(
        default=64_000_000, ge=0, description="How much of kept results stands in the memory of a process, in bytes."
    )
    retain_calls_days: int = Field(
        default=30, ge=1, le=36_500, description="How many days calls are kept, with their decisions and scores."
    )
    retain_runs_days: int = Field(
        default=180, ge=1, le=36_500, description="How many days runs and their items are kept after their end."
    )
    retain_rollups_days: int = Field(
        default=730, ge=1, le=36_500, description="How many days the sums by minute are kept, which pages show."
    )

    @field_validator("log_level", mode="before")
    @classmethod
    def _upper(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    @property
    def store_url(self) -> str:
        """The database's URL, the default filled in: what ``Store.open`` takes. It may hold a password."""
        return self.database_url or f"sqlite:///{self.home / 'turnout.db'}"

    @classmethod
    def load(
        cls,
        flags: Mapping[str, object] | None = None,
        *,
        directory: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Settings:
        """The settings that hold: flag over environment over ``turnout.toml`` over the user's file over default.

        Args:
            flags: values by name from a command line; None as a value is a flag that was not given.
            directory: where ``turnout.toml`` is looked for, the working directory when left out.
            environment: the variables, the process's own when left out.

        Raises:
            SettingsError: a name or a value is wrong, or a file cannot be read; it says which, and where.
        """
        return _load(flags, directory, environment)[0]


@dataclass(frozen=True, slots=True)
class Explained:
    """A setting with its value as it may be shown (no password) and the source of that value in words."""

    name: str
    value: str
    source: str
    description: str


def explain(
    flags: Mapping[str, object] | None = None,
    directory: Path | None = None,
    *,
    environment: Mapping[str, str] | None = None,
) -> tuple[Explained, ...]:
    """Every setting, its value and where that came from. Arguments and errors as for :meth:`Settings.load`."""
    settings, sources = _load(flags, directory, environment)
    return tuple(
        Explained(
            name=name,
            value=_shown(settings.store_url if name == "database_url" else getattr(settings, name)),
            source=sources.get(name, "default"),
            description=field.description or "",
        )
        for name, field in Settings.model_fields.items()
    )


def mask_password(text: str) -> str:
    """A URL as it may be shown.

    >>> mask_password("postgresql://ann:secret@db/turnout")
    'postgresql://ann:***@db/turnout'
    """
    return _PASSWORD_IN_URL.sub(lambda match: f"{match[1]}:***@" if match[1] else f"{match[2]}***", text)


def _load(
    flags: Mapping[str, object] | None, directory: Path | None, environment: Mapping[str, str] | None
) -> tuple[Settings, dict[str, str]]:
    layers = read_layers(
        Settings.model_fields,
        flags or {},
        os.environ if environment is None else environment,
        (directory or Path()).absolute(),
    )
    values: dict[str, object] = {}
    sources: dict[str, str] = {}
    for layer in reversed(layers):
        values.update(layer.values)
        sources.update({name: layer.source_of(name) for name in layer.values})
    try:
        return Settings.model_validate(values), sources
    except ValidationError as error:
        raise _wrong_value(error, layers) from error


def _wrong_value(error: ValidationError, layers: tuple[Layer, ...]) -> SettingsError:
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    source = next(layer.source_of(name) for layer in layers if name in layer.values)
    sentence = fault_in_words(first, Settings.model_fields[name])
    return SettingsError(f"{name} is {_shown(first['input'])!r}, but {sentence}", source=source, key=name)


def _shown(value: object) -> str:
    return "" if value is None else mask_password(str(value))
