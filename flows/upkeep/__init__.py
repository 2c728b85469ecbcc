"""Upkeep: flows that cost no money and keep the house whole and tidy. Each module holds one, and imports Prefect."""

IN_THE_WORKER = frozenset({"probe", "recover", "retention"})
"""Flows so short that a process of their own would cost far more than they do."""
