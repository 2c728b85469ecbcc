"""Where settings come from: flags, the environment, ./turnout.toml and the user's file, each a layer of values."""

from __future__ import annotations

import difflib
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from registry.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIX = "TURNOUT_"
FILE_NAME = "turnout.toml"
CONFIG_FILE_VARIABLE = "TURNOUT_CONFIG_FILE"
# Ours too, but no settings.
_OTHER_VARIABLES = frozenset({CONFIG_FILE_VARIABLE, "TURNOUT_TEST_POSTGRES_URL", "TURNOUT_UP_PROCESS"})
# How alike a variable must be to a setting's to be taken for a slip of the pen and not for somebody else's.
_TYPO_LIKENESS = 0.82

_PATHS = frozenset({"home", "local_model_path"})
_RELATIVE_SQLITE = re.compile(r"^(sqlite(?:\+aiosqlite)?:///)(?!/|:memory:|file:)(.+)$")


@dataclass(frozen=True, slots=True)
class Layer:
    """The values of one source. ``label`` is the source in words; a variable's name is added where ``variables``."""

    label: str
    values: Mapping[str, object]
    variables: bool = False

    def source_of(self, name: str) -> str:
        """The source of one value in words: ``flag``, ``environment TURNOUT_HOME``, ``turnout.toml``."""
        return f"{self.label} {PREFIX}{name.upper()}" if self.variables else self.label


def read_layers(
    known: Iterable[str], flags: Mapping[str, object], environment: Mapping[str, str], directory: Path
) -> tuple[Layer, ...]:
    """Every layer, the strongest first.

    Relative paths are taken from where they were written: a file's from the file's folder, the others from
    ``directory``.

    Raises:
        SettingsError: a name is unknown, or a file cannot be read.
    """
    names = tuple(known)
    user_file, must_exist = _user_file(environment, directory)
    return (
        _flag_layer(names, flags, directory),
        _environment_layer(names, environment, directory),
        _file_layer(names, directory / FILE_NAME, FILE_NAME, must_exist=False),
        _file_layer(names, user_file, str(user_file), must_exist=must_exist),
    )


def user_file_path(environment: Mapping[str, str] | None = None) -> Path:
    """The user's own settings file: what TURNOUT_CONFIG_FILE names, else the platform's place for it."""
    return _user_file(os.environ if environment is None else environment, Path.cwd())[0]


def _user_file(environment: Mapping[str, str], directory: Path) -> tuple[Path, bool]:
    named = environment.get(CONFIG_FILE_VARIABLE)
    if named:
        return directory / Path(named).expanduser(), True
    from platformdirs import user_config_path

    return user_config_path("turnout", appauthor=False) / FILE_NAME, False


def _flag_layer(names: tuple[str, ...], flags: Mapping[str, object], directory: Path) -> Layer:
    given = {name: value for name, value in flags.items() if value is not None}
    _refuse_unknown(given, names, "flag")
    return Layer("flag", _anchored(given, directory))


def _environment_layer(names: tuple[str, ...], environment: Mapping[str, str], directory: Path) -> Layer:
    variables = {f"{PREFIX}{name.upper()}": name for name in names}
    values: dict[str, object] = {}
    for variable, value in environment.items():
        if variable in variables:
            if value:  # an empty one is as good as none: compose files and shells leave such behind
                values[variables[variable]] = value
        elif variable.startswith(PREFIX) and variable not in _OTHER_VARIABLES:
            nearest = difflib.get_close_matches(variable, variables, n=1, cutoff=_TYPO_LIKENESS)
            if nearest:
                problem = f"{variable} is no setting; did you mean {nearest[0]}?"
                raise SettingsError(problem, source="environment", key=variable)
    return Layer("environment", _anchored(values, directory), variables=True)


def _file_layer(names: tuple[str, ...], path: Path, label: str, *, must_exist: bool) -> Layer:
    values = _read_toml(path, label, must_exist=must_exist)
    _refuse_unknown(values, names, label)
    return Layer(label, _anchored(values, path.parent))


def _read_toml(path: Path, label: str, *, must_exist: bool) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError) as error:
        if must_exist:
            problem = f"there is no such file, but {CONFIG_FILE_VARIABLE} names it"
            raise SettingsError(problem, source=label) from error
        return {}
    except OSError as error:
        raise SettingsError(f"it cannot be read ({error.strerror})", source=label) from error
    except UnicodeDecodeError as error:
        raise SettingsError("it is no text in UTF-8", source=label) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"it is no valid TOML: {error}", source=label) from error


def _refuse_unknown(values: Mapping[str, object], names: tuple[str, ...], label: str) -> None:
    for key in values:
        if key in names:
            continue
        nearest = difflib.get_close_matches(key.lower().replace("-", "_"), names, n=1)
        hint = f"did you mean {nearest[0]!r}?" if nearest else "`turnout config` lists them all"
        raise SettingsError(f"there is no setting {key!r}; {hint}", source=label, key=key)


def _anchored(values: Mapping[str, object], directory: Path) -> dict[str, object]:
    anchored = dict(values)
    for name in _PATHS & anchored.keys():
        value = anchored[name]
        if isinstance(value, (str, Path)):
            anchored[name] = directory / Path(value).expanduser()
    url = anchored.get("database_url")
    if isinstance(url, str) and (match := _RELATIVE_SQLITE.match(url)):
        anchored["database_url"] = f"{match[1]}{directory / Path(match[2]).expanduser()}"
    return anchored
