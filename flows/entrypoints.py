"""The flows that `prefect.yaml` deploys, under one absolute import each, so that no class exists twice."""

from flows.batch.flow import route_batch
from flows.storyboard.flow import storyboard
from flows.upkeep.probe import probe
from flows.upkeep.recover import recover
from flows.upkeep.resume import resume_run
from flows.upkeep.retention import retention

__all__ = ["probe", "recover", "resume_run", "retention", "route_batch", "storyboard"]
