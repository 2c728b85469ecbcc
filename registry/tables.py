"""Every SQL table, in one picture: catalogue, decisions and calls, runs and items, scores, content, housekeeping.

Times are whole microseconds since 1970 in UTC (``…_us``); money is ``cost_nanousd``; both are 64-bit integers, which
every database compares and adds alike. Migrations make the tables (``registry/migrations``); a test holds both equal.
Budgets and limits stand in ``registry/allowance_tables.py``, in the same picture.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import sqlite

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column declared INTEGER.
Id = BigInteger().with_variant(sqlite.INTEGER(), "sqlite")


def _name(length: int = 200) -> String:
    return String(length)


# ---- the catalogue: what there is to choose from -------------------------------------------------------------------

catalogue_state = Table(
    "catalogue_state",
    metadata,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),  # a table of one row, 1
    Column("version", BigInteger, nullable=False),
)

services = Table(
    "services",
    metadata,
    Column("service_id", Id, primary_key=True),
    Column("name", _name(), nullable=False, unique=True),
    Column("kind", _name(50), nullable=False),
    Column("endpoint", Text),
    Column("enabled", Boolean, nullable=False),
    Column("credential_ref", Text),
    Column("region", _name(50)),
    Column("data_policy", _name(50)),
    Column("priority", Integer, nullable=False),
    Column("options", JSON, nullable=False),
    Column("workspace", _name(100), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

models = Table(
    "models",
    metadata,
    Column("model_id", Id, primary_key=True),
    Column("name", _name(), nullable=False, unique=True),
    Column("family", _name(), nullable=False),
)

offerings = Table(
    "offerings",
    metadata,
    Column("offering_id", Id, primary_key=True),
    Column("service_id", ForeignKey("services.service_id", ondelete="CASCADE"), nullable=False),
    Column("model_id", ForeignKey("models.model_id"), nullable=False),
    Column("remote_name", Text, nullable=False),
    Column("capabilities", JSON, nullable=False),
    Column("features", JSON, nullable=False),
    Column("context_window", Integer),
    Column("max_output_tokens", Integer),
    Column("accepted_params", JSON, nullable=False),
    Column("quality", Float, nullable=False),
    Column("latency_ms", Float, nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("retires_at_us", BigInteger),
    Column("successor", Text),
    UniqueConstraint("service_id", "model_id"),
)

prices = Table(
    "prices",
    metadata,
    Column("price_id", Id, primary_key=True),
    Column("offering_id", ForeignKey("offerings.offering_id", ondelete="CASCADE"), nullable=False),
    Column("valid_from_us", BigInteger, nullable=False),
    Column("input_nanousd_per_mtok", BigInteger, nullable=False),
    Column("output_nanousd_per_mtok", BigInteger, nullable=False),
    Column("cached_input_nanousd_per_mtok", BigInteger),
    Column("picture_nanousd", BigInteger, nullable=False),
    Column("call_nanousd", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    UniqueConstraint("offering_id", "valid_from_us"),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("snapshot_id", Id, primary_key=True),
    Column("digest", _name(64), nullable=False, unique=True),  # content-addressed: the same catalogue is kept once
    Column("version", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),  # canonical JSON, zlib
    Column("created_us", BigInteger, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    Column("policy_id", Id, primary_key=True),
    Column("name", _name(), nullable=False),
    Column("version", Integer, nullable=False),
    Column("digest", _name(64), nullable=False),
    Column("content", JSON, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    UniqueConstraint("name", "version"),
    UniqueConstraint("name", "digest"),
)

seeds = Table(
    "seeds",
    metadata,
    Column("name", _name(300), primary_key=True),  # what was put in once and never again, whatever people did since
    Column("created_us", BigInteger, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", _name(50), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

# ---- runs and their items ------------------------------------------------------------------------------------------

runs = Table(
    "runs",
    metadata,
    Column("run_id", Id, primary_key=True),
    Column("pipeline", _name(), nullable=False),
    Column("pipeline_version", _name(64), nullable=False),
    Column("state", _name(20), nullable=False),  # running, done, failed, interrupted
    Column("fingerprint", _name(64), nullable=False),  # of the input and the parameters: what a resumed run must share
    Column("parameters", JSON, nullable=False),
    Column("message", Text, nullable=False),
    Column("output", Text),
    Column("process", _name(200), nullable=False),  # host:pid:start of the process that works on it
    Column("started_us", BigInteger, nullable=False),
    Column("heartbeat_us", BigInteger, nullable=False),
    Column("ended_us", BigInteger),
    Column("workspace", _name(100), nullable=False),
    Column("principal", _name(100), nullable=False),
    Column("trace_id", _name(32)),
    Column("flow_run_id", _name(36)),  # Prefect's name for it, where its logs are
    Index(None, "state", "started_us"),
    Index(None, "pipeline", "fingerprint"),
)

items = Table(
    "items",
    metadata,
    Column("run_id", ForeignKey("runs.run_id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("stage", _name(100), primary_key=True),
    Column("item", _name(200), primary_key=True),
    Column("state", _name(20), nullable=False),  # pending, running, done, failed, rejected
    Column("fingerprint", _name(64), nullable=False),  # of what went in: a result is reused only for the same input
    Column("result", JSON),
    Column("asset_digest", _name(64)),
    Column("task_id", BigInteger),
    Column("message", Text, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
)

# ---- the ledger: one narrow row a call -----------------------------------------------------------------------------

calls = Table(
    "calls",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),  # time-sorted: rows are appended
    Column("attempt", SmallInteger, primary_key=True, autoincrement=False),  # 0: decided, and nobody called: CallRow
    Column("run_id", BigInteger, nullable=False),  # 0: none
    Column("stage_id", Integer, nullable=False),  # names.name_id, as the three below
    Column("item_id", Integer, nullable=False),
    Column("owner_id", Integer, nullable=False),  # "workspace/principal"
    Column("prompt_version_id", Integer, nullable=False),
    Column("snapshot_id", BigInteger, nullable=False),
    Column("policy_id", BigInteger, nullable=False),
    Column("offering_id", BigInteger, nullable=False),  # 0: none
    Column("outcome", SmallInteger, nullable=False),  # 0: success, else FailureClass.code
    Column("started_us", BigInteger, nullable=False),
    Column("latency_us", BigInteger, nullable=False),
    Column("first_output_us", BigInteger),
    Column("input_tokens", Integer, nullable=False),
    Column("output_tokens", Integer, nullable=False),
    Column("cost_nanousd", BigInteger, nullable=False),
    Column("cost_known", Boolean, nullable=False),
    Column("checks", BigInteger),  # two bits a check number: 0 not run, 1 passed, 2 failed
    Column("candidates", LargeBinary),  # on a task's first row: registry/candidates.py
    Column("trace_id", LargeBinary),
    Index(None, "run_id"),
    sqlite_with_rowid=False,
)

call_messages = Table(
    "call_messages",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("attempt", SmallInteger, primary_key=True, autoincrement=False),
    Column("message", Text, nullable=False),  # why it failed, in the provider's words, shortened; failures only
)

names = Table(
    "names",
    metadata,
    Column("name_id", Id, primary_key=True),
    Column("name", _name(), nullable=False, unique=True),
)

rollups = Table(
    "rollups",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),  # minutes since 1970
    Column("offering_id", BigInteger, primary_key=True, autoincrement=False),
    Column("stage_id", Integer, primary_key=True, autoincrement=False),
    Column("owner_id", Integer, primary_key=True, autoincrement=False),
    Column("calls", BigInteger, nullable=False),
    Column("failures", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
    Column("cost_nanousd", BigInteger, nullable=False),
    Column("latency_us", BigInteger, nullable=False),  # sum
    Column("latency_histogram", LargeBinary, nullable=False),  # mergeable: registry/rollups.py
)

# ---- scores --------------------------------------------------------------------------------------------------------

scores = Table(
    "scores",
    metadata,
    Column("task_id", BigInteger, primary_key=True, autoincrement=False),
    Column("source", _name(10), primary_key=True),  # check, judge, person
    Column("name", _name(100), primary_key=True),
    Column("value", Float, nullable=False),
    Column("critical", Boolean, nullable=False),
    Column("rater", _name(100), nullable=False),
    Column("rule_version", _name(50), nullable=False),
    Column("reason", Text, nullable=False),
    Column("sampled", Boolean, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("workspace", _name(100), nullable=False),
    Column("principal", _name(100), nullable=False),
)

checked_tasks = Table(
    "checked_tasks",
    metadata,
    Column("task_id", Id, primary_key=True, autoincrement=False),
    Column("checks", SmallInteger, nullable=False),  # how many judged it; those that failed have rows in scores
)

quality_evidence = Table(
    "quality_evidence",
    metadata,
    Column("model_id", BigInteger, primary_key=True, autoincrement=False),
    Column("capability", _name(20), primary_key=True),
    Column("good", Float, nullable=False),  # forward-decayed: weight x value x 2**((t - landmark) / half-life)
    Column("bad", Float, nullable=False),
    Column("results", BigInteger, nullable=False),
)

# ---- content -------------------------------------------------------------------------------------------------------

assets = Table(
    "assets",
    metadata,
    Column("digest", _name(64), primary_key=True),  # SHA-256 of the file, which lies in assets/ab/abcdef…
    Column("media_type", _name(100), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    Column("created_us", BigInteger, nullable=False),
    Column("workspace", _name(100), nullable=False),
    Column("principal", _name(100), nullable=False),
)

cached_results = Table(
    "cached_results",
    metadata,
    Column("digest", _name(64), primary_key=True),  # SHA-256 of the whole request, the model and whose it is
    Column("workspace", _name(100), nullable=False),
    Column("content", LargeBinary, nullable=False),  # routing/cache.py
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger, nullable=False),
    Index(None, "expires_us"),
)

# ---- who may come in ------------------------------------------------------------------------------------------------

access_keys = Table(
    "access_keys",
    metadata,
    Column("key_id", Id, primary_key=True),
    Column("name", _name(100), nullable=False),  # for people: whose it is, or what for
    Column("prefix", _name(20), nullable=False, unique=True),  # the key's open part, by which it is found and listed
    Column("digest", _name(64), nullable=False),  # SHA-256 of the whole key, which has 256 random bits
    Column("scopes", JSON, nullable=False),  # ["call", "read", "admin"]
    Column("workspace", _name(100), nullable=False),
    Column("principal", _name(100), nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("expires_us", BigInteger),
    Column("last_used_us", BigInteger),
    Column("revoked_us", BigInteger),
)

# ---- is it up? ------------------------------------------------------------------------------------------------------

probes = Table(
    "probes",
    metadata,
    Column("service_id", ForeignKey("services.service_id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("ok", Boolean, nullable=False),
    Column("message", Text, nullable=False),  # what was wrong, in a sentence; or what it said of itself
    Column("latency_us", BigInteger, nullable=False),
    Column("probed_us", BigInteger, nullable=False),
    Column("since_us", BigInteger, nullable=False),  # since when it has been as it is
)

cooldowns = Table(
    "cooldowns",
    metadata,
    Column("offering_id", BigInteger, primary_key=True, autoincrement=False),  # 0: an account
    Column("account", Text, primary_key=True),  # "": an offering; host and credential_ref: registry/words/cooling.py
    Column("failure", SmallInteger, nullable=False),  # FailureClass.code
    Column("since_us", BigInteger, nullable=False),  # both times on the database's clock
    Column("until_us", BigInteger, nullable=False),
    Column("message", Text, nullable=False),  # why, in the provider's words, shortened
    Column("told_by", _name(200), nullable=False),  # host:pid:start of the process that was told
)

# ---- events --------------------------------------------------------------------------------------------------------

outbox = Table(
    "outbox",
    metadata,
    Column("event_id", Id, primary_key=True),
    Column("kind", _name(100), nullable=False),  # turnout.run.done
    Column("subject", _name(200), nullable=False),
    Column("content", JSON, nullable=False),
    Column("created_us", BigInteger, nullable=False),
    Column("delivered_us", BigInteger),
    Column("workspace", _name(100), nullable=False),
    Index(None, "delivered_us", "event_id"),
)

# Budgets, limits, their windows and leases: the rest of the picture.
import registry.allowance_tables  # noqa: E402, F401 - it needs what stands above
