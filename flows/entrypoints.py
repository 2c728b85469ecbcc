"""The flows that `prefect.yaml` deploys, under one absolute import each, so that no class exists twice."""

from flows.storyboard.flow import storyboard

__all__ = ["storyboard"]
