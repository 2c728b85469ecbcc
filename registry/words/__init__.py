"""The shared words: frozen values that every room speaks in. Standard library only."""

from registry.words.aims import parse_objective, parse_target, target_in_words
from registry.words.capability import Capability
from registry.words.catalogue import Model, Offering, Service, Snapshot
from registry.words.cooling import Out, account_of, outs_of
from registry.words.decision import Attempt, Candidate, Decision, Exclusion
from registry.words.failure import FailureClass
from registry.words.money import NANOUSD_PER_USD, format_usd, usd_to_nanousd
from registry.words.policy import Hedge, Objective, Policy, Priority, Rule, Split, Streaming, Target
from registry.words.score import Score, Verdict
from registry.words.task import JsonSchema, Media, Message, Requirements, TaskRequest, TaskResult, ToolCall
from registry.words.usage import TOKENS_PER_MTOK, Price, Usage

__all__ = [
    "NANOUSD_PER_USD",
    "TOKENS_PER_MTOK",
    "Attempt",
    "Candidate",
    "Capability",
    "Decision",
    "Exclusion",
    "FailureClass",
    "Hedge",
    "JsonSchema",
    "Media",
    "Message",
    "Model",
    "Objective",
    "Offering",
    "Out",
    "Policy",
    "Price",
    "Priority",
    "Requirements",
    "Rule",
    "Score",
    "Service",
    "Snapshot",
    "Split",
    "Streaming",
    "Target",
    "TaskRequest",
    "TaskResult",
    "ToolCall",
    "Usage",
    "Verdict",
    "account_of",
    "format_usd",
    "outs_of",
    "parse_objective",
    "parse_target",
    "target_in_words",
    "usd_to_nanousd",
]
