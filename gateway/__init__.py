"""Admits: the command line, and what starts and stops with it. Nothing is imported before it is asked for."""

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from gateway.cli.main import main
    from gateway.errors import (
        Declined,
        GatewayError,
        InputUnusable,
        NotConfirmed,
        OutputClosed,
        OutputUnusable,
        PrefectServerFailed,
        Terminated,
    )

__all__ = [
    "Declined",
    "GatewayError",
    "InputUnusable",
    "NotConfirmed",
    "OutputClosed",
    "OutputUnusable",
    "PrefectServerFailed",
    "Terminated",
    "main",
]

_NAMES = {
    "gateway.cli.main": "main",
    "gateway.errors": (
        "Declined GatewayError InputUnusable NotConfirmed OutputClosed OutputUnusable PrefectServerFailed Terminated"
    ),
}

__getattr__, __dir__ = lazily(__name__, {name: module for module, names in _NAMES.items() for name in names.split()})
