"""The flows that `prefect.yaml` deploys, under one absolute import each, so that no class exists twice."""

from flows.batch.flow import route_batch
from flows.storyboard.flow import storyboard

__all__ = ["route_batch", "storyboard"]
