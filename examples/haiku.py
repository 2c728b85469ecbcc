"""A Prefect flow of one step: a haiku, by whichever service is best, and what it took to get it."""

from __future__ import annotations

import sys

from gateway.prefect_server import prefect_at_hand
from routing import ai_task


def haiku(subject: str) -> str:
    """A haiku about the subject."""
    result = ai_task.sync(
        "text",
        f"Write a haiku about {subject}. Three short lines and nothing else.",
        params={"max_output_tokens": 60, "temperature": 0.7, "seed": 5},
        checks=["not_empty", "not_refusal", "length:10:300"],
        stage="haiku",
        item=subject,
    )
    print(result.text)
    print(f"by {result.offering} in {result.latency_ms:.0f} ms, score {result.score:.2f}")
    return result.text


if __name__ == "__main__":
    with prefect_at_hand():  # on your server, where PREFECT_API_URL names one; else on one for this once
        from prefect import flow

        flow(haiku)(" ".join(sys.argv[1:]) or "the sea at night")
