"""Prefect's side of the blocks: credentials and services as Prefect Block classes.

This package is imported eagerly, unlike the others: Prefect imports it through the ``prefect.collections`` entry point
to get the classes registered. Nothing else in this room imports it before a block is asked for.
"""

from blocks.prefect.credentials import ServiceCredentials
from blocks.prefect.services import LocalService, OpenAICompatibleService, SketchService

__all__ = ["LocalService", "OpenAICompatibleService", "ServiceCredentials", "SketchService"]
