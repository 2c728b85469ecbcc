"""The registry remembers: the words, the catalogue, decisions, calls, runs, scores, files, settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from registry.lazy import lazily

if TYPE_CHECKING:
    from registry.access_keys import AccessKey, AccessKeys
    from registry.assets import Assets
    from registry.backup import Restored, back_up, prune, restore
    from registry.budgets import Budget, Budgets, usd_from_text
    from registry.cached_results import CachedResult, CachedResults
    from registry.calls import CallRow
    from registry.candidates import pack_decision, unpack_decision
    from registry.catalogue import Catalogue
    from registry.clock import Clock, from_us, now_us, to_us
    from registry.cooldowns import Cooldown, Cooldowns, OutNow
    from registry.decisions import Decisions, Explanation
    from registry.discovered import KeptServer, keep_found
    from registry.doctor import (
        Examiner,
        Finding,
        examine,
        examine_clock,
        examine_disk,
        examine_home,
        examine_packages,
        examine_settings_files,
    )
    from registry.errors import (
        AlreadyThere,
        ArchiveInvalid,
        AssetDamaged,
        AssetMissing,
        BackupError,
        BackupFailed,
        CallsRepeated,
        ConditionFailed,
        ConditionInvalid,
        ConstraintBroken,
        DatabaseCorrupt,
        DatabaseForeign,
        DatabaseLocked,
        DatabaseNewer,
        DatabaseReadOnly,
        DatabaseRefused,
        DatabaseUnreachable,
        DatabaseUrlInvalid,
        DiskFull,
        EntryInvalid,
        HomeUnusable,
        KeyMissing,
        KeyRefused,
        LedgerFull,
        MigrationFailed,
        NotFound,
        PolicyInvalid,
        PortTaken,
        RecordUnreadable,
        RegistryError,
        RunTaken,
        SettingsError,
        StatementFailed,
        StoreError,
        ToolMissing,
    )
    from registry.histogram import quantile
    from registry.home import Home
    from registry.items import ItemRow, Items
    from registry.leases import Leases
    from registry.ledger import Ledger
    from registry.limits import Limit, Limits
    from registry.names import Names
    from registry.outbox import Event, Outbox, StoredEvent
    from registry.policies import Policies
    from registry.probes import Probe, read_probes, write_probes
    from registry.processes import is_gone, this_process
    from registry.retention import Removed, Retention
    from registry.rollups import Rollup, combine, read_rollups
    from registry.runs import Run, Runs
    from registry.scores import Estimate, Passed, Scores, TaskScores
    from registry.seeding import seed
    from registry.settings import Explained, Settings
    from registry.snapshot import Snapshots, SnapshotWatch
    from registry.standings import Standing, budget_standings, key_standings, limit_standings
    from registry.store import Store
    from registry.task_ids import TaskIds, claim_worker, task_time_seconds
    from registry.words import (
        NANOUSD_PER_USD,
        Attempt,
        Candidate,
        Capability,
        Decision,
        Exclusion,
        FailureClass,
        Hedge,
        JsonSchema,
        Media,
        Message,
        Model,
        Objective,
        Offering,
        Out,
        Policy,
        Price,
        Priority,
        Requirements,
        Rule,
        Score,
        Service,
        Snapshot,
        Split,
        Target,
        TaskRequest,
        TaskResult,
        Usage,
        Verdict,
        account_of,
        format_usd,
        outs_of,
        parse_objective,
        parse_target,
        target_in_words,
        usd_to_nanousd,
    )

# Which module of this room defines which names.
_MODULES = {
    "access_keys": "AccessKey AccessKeys",
    "assets": "Assets",
    "backup": "Restored back_up prune restore",
    "budgets": "Budget Budgets usd_from_text",
    "cached_results": "CachedResult CachedResults",
    "calls": "CallRow",
    "candidates": "pack_decision unpack_decision",
    "catalogue": "Catalogue",
    "clock": "Clock from_us now_us to_us",
    "cooldowns": "Cooldown Cooldowns OutNow",
    "decisions": "Decisions Explanation",
    "discovered": "KeptServer keep_found",
    "doctor": (
        "Examiner Finding examine examine_clock examine_disk examine_home examine_packages examine_settings_files"
    ),
    "errors": (
        "AlreadyThere ArchiveInvalid AssetDamaged AssetMissing BackupError BackupFailed CallsRepeated "
        "ConditionFailed ConditionInvalid ConstraintBroken DatabaseCorrupt DatabaseForeign DatabaseLocked "
        "DatabaseNewer DatabaseReadOnly DatabaseRefused DatabaseUnreachable DatabaseUrlInvalid DiskFull "
        "EntryInvalid HomeUnusable KeyMissing KeyRefused LedgerFull MigrationFailed NotFound PolicyInvalid "
        "PortTaken RecordUnreadable RegistryError RunTaken SettingsError StatementFailed StoreError "
        "ToolMissing"
    ),
    "histogram": "quantile",
    "home": "Home",
    "items": "ItemRow Items",
    "ledger": "Ledger",
    "leases": "Leases",
    "limits": "Limit Limits",
    "names": "Names",
    "outbox": "Event Outbox StoredEvent",
    "policies": "Policies",
    "probes": "Probe read_probes write_probes",
    "processes": "is_gone this_process",
    "retention": "Removed Retention",
    "rollups": "Rollup combine read_rollups",
    "runs": "Run Runs",
    "scores": "Estimate Passed Scores TaskScores",
    "seeding": "seed",
    "settings": "Explained Settings",
    "snapshot": "SnapshotWatch Snapshots",
    "standings": "Standing budget_standings key_standings limit_standings",
    "store": "Store",
    "task_ids": "TaskIds claim_worker task_time_seconds",
    "words": (
        "Attempt Candidate Capability Decision Exclusion FailureClass Hedge JsonSchema Media Message Model "
        "NANOUSD_PER_USD Objective Offering Out Policy Price Priority Requirements Rule Score Service Snapshot "
        "Split Target TaskRequest TaskResult Usage Verdict account_of format_usd outs_of parse_objective parse_target "
        "target_in_words usd_to_nanousd"
    ),
}

__getattr__, __dir__ = lazily(
    __name__, {name: f"registry.{module}" for module, names in _MODULES.items() for name in names.split()}
)

__all__ = [
    "NANOUSD_PER_USD",
    "AccessKey",
    "AccessKeys",
    "AlreadyThere",
    "ArchiveInvalid",
    "AssetDamaged",
    "AssetMissing",
    "Assets",
    "Attempt",
    "BackupError",
    "BackupFailed",
    "Budget",
    "Budgets",
    "CachedResult",
    "CachedResults",
    "CallRow",
    "CallsRepeated",
    "Candidate",
    "Capability",
    "Catalogue",
    "Clock",
    "ConditionFailed",
    "ConditionInvalid",
    "ConstraintBroken",
    "Cooldown",
    "Cooldowns",
    "DatabaseCorrupt",
    "DatabaseForeign",
    "DatabaseLocked",
    "DatabaseNewer",
    "DatabaseReadOnly",
    "DatabaseRefused",
    "DatabaseUnreachable",
    "DatabaseUrlInvalid",
    "Decision",
    "Decisions",
    "DiskFull",
    "EntryInvalid",
    "Estimate",
    "Event",
    "Examiner",
    "Exclusion",
    "Explained",
    "Explanation",
    "FailureClass",
    "Finding",
    "Hedge",
    "Home",
    "HomeUnusable",
    "ItemRow",
    "Items",
    "JsonSchema",
    "KeptServer",
    "KeyMissing",
    "KeyRefused",
    "Leases",
    "Ledger",
    "LedgerFull",
    "Limit",
    "Limits",
    "Media",
    "Message",
    "MigrationFailed",
    "Model",
    "Names",
    "NotFound",
    "Objective",
    "Offering",
    "Out",
    "OutNow",
    "Outbox",
    "Passed",
    "Policies",
    "Policy",
    "PolicyInvalid",
    "PortTaken",
    "Price",
    "Priority",
    "Probe",
    "RecordUnreadable",
    "RegistryError",
    "Removed",
    "Requirements",
    "Restored",
    "Retention",
    "Rollup",
    "Rule",
    "Run",
    "RunTaken",
    "Runs",
    "Score",
    "Scores",
    "Service",
    "Settings",
    "SettingsError",
    "Snapshot",
    "SnapshotWatch",
    "Snapshots",
    "Split",
    "Standing",
    "StatementFailed",
    "Store",
    "StoreError",
    "StoredEvent",
    "Target",
    "TaskIds",
    "TaskRequest",
    "TaskResult",
    "TaskScores",
    "ToolMissing",
    "Usage",
    "Verdict",
    "account_of",
    "back_up",
    "budget_standings",
    "claim_worker",
    "combine",
    "examine",
    "examine_clock",
    "examine_disk",
    "examine_home",
    "examine_packages",
    "examine_settings_files",
    "format_usd",
    "from_us",
    "is_gone",
    "keep_found",
    "key_standings",
    "limit_standings",
    "now_us",
    "outs_of",
    "pack_decision",
    "parse_objective",
    "parse_target",
    "prune",
    "quantile",
    "read_probes",
    "read_rollups",
    "restore",
    "seed",
    "target_in_words",
    "task_time_seconds",
    "this_process",
    "to_us",
    "unpack_decision",
    "usd_from_text",
    "usd_to_nanousd",
    "write_probes",
]
