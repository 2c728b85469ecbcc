"""The rules of policies: compiled once per version, asked once a request, over services as masks. Loaded when used."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from routing.rules.compiled import CompiledRules, RuleBook
    from routing.rules.reading import read_policy, read_rules
    from routing.rules.ruling import NOTHING, Ruling
    from routing.rules.trying import Recent, Tried, try_rules

__all__ = [
    "NOTHING",
    "CompiledRules",
    "Recent",
    "RuleBook",
    "Ruling",
    "Tried",
    "read_policy",
    "read_rules",
    "try_rules",
]

_NAMES = {
    "routing.rules.compiled": "CompiledRules RuleBook",
    "routing.rules.reading": "read_policy read_rules",
    "routing.rules.ruling": "NOTHING Ruling",
    "routing.rules.trying": "Recent Tried try_rules",
}

__getattr__, __dir__ = lazily(__name__, {name: module for module, names in _NAMES.items() for name in names.split()})
