"""The first tables: catalogue, decisions and calls, runs and items, scores, content, events."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite numbers rows by itself only in a column declared INTEGER.
ID = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")


def upgrade() -> None:
    """Make every table, those that others point at first."""
    _make_assets()
    _make_call_messages()
    _make_calls()
    _make_catalogue_state()
    _make_checked_tasks()
    _make_counters()
    _make_models()
    _make_names()
    _make_outbox()
    _make_policies()
    _make_quality_evidence()
    _make_rollups()
    _make_runs()
    _make_scores()
    _make_seeds()
    _make_services()
    _make_snapshots()
    _make_items()
    _make_offerings()
    _make_prices()


def _make_assets() -> None:
    op.create_table(
        "assets",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=100), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("workspace", sa.String(length=100), nullable=False),
        sa.Column("principal", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_assets"),
    )


def _make_call_messages() -> None:
    op.create_table(
        "call_messages",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "attempt", name="pk_call_messages"),
    )


def _make_calls() -> None:
    op.create_table(
        "calls",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("stage_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("prompt_version_id", sa.Integer(), nullable=False),
        sa.Column("snapshot_id", sa.BigInteger(), nullable=False),
        sa.Column("policy_id", sa.BigInteger(), nullable=False),
        sa.Column("offering_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.SmallInteger(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("latency_us", sa.BigInteger(), nullable=False),
        sa.Column("first_output_us", sa.BigInteger(), nullable=True),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("cost_known", sa.Boolean(), nullable=False),
        sa.Column("checks", sa.BigInteger(), nullable=True),
        sa.Column("candidates", sa.LargeBinary(), nullable=True),
        sa.Column("trace_id", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("task_id", "attempt", name="pk_calls"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_calls_run_id", "calls", ["run_id"], unique=False)


def _make_catalogue_state() -> None:
    op.create_table(
        "catalogue_state",
        sa.Column("one", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("one", name="pk_catalogue_state"),
    )


def _make_checked_tasks() -> None:
    op.create_table(
        "checked_tasks",
        sa.Column("task_id", ID, autoincrement=False, nullable=False),
        sa.Column("checks", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("task_id", name="pk_checked_tasks"),
    )


def _make_counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=50), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_counters"),
    )


def _make_models() -> None:
    op.create_table(
        "models",
        sa.Column("model_id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("family", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_models"),
        sa.UniqueConstraint("name", name="uq_models_name"),
    )


def _make_names() -> None:
    op.create_table(
        "names",
        sa.Column("name_id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("name_id", name="pk_names"),
        sa.UniqueConstraint("name", name="uq_names_name"),
    )


def _make_outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("event_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("delivered_us", sa.BigInteger(), nullable=True),
        sa.Column("workspace", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_delivered_us_event_id", "outbox", ["delivered_us", "event_id"], unique=False)


def _make_policies() -> None:
    op.create_table(
        "policies",
        sa.Column("policy_id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("policy_id", name="pk_policies"),
        sa.UniqueConstraint("name", "digest", name="uq_policies_name_digest"),
        sa.UniqueConstraint("name", "version", name="uq_policies_name_version"),
    )


def _make_quality_evidence() -> None:
    op.create_table(
        "quality_evidence",
        sa.Column("model_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("capability", sa.String(length=20), nullable=False),
        sa.Column("good", sa.Float(), nullable=False),
        sa.Column("bad", sa.Float(), nullable=False),
        sa.Column("results", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("model_id", "capability", name="pk_quality_evidence"),
    )


def _make_rollups() -> None:
    op.create_table(
        "rollups",
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offering_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("input_tokens", sa.BigInteger(), nullable=False),
        sa.Column("output_tokens", sa.BigInteger(), nullable=False),
        sa.Column("cost_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("latency_us", sa.BigInteger(), nullable=False),
        sa.Column("latency_histogram", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "offering_id", "stage_id", "owner_id", name="pk_rollups"),
    )


def _make_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("run_id", ID, nullable=False),
        sa.Column("pipeline", sa.String(length=200), nullable=False),
        sa.Column("pipeline_version", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("output", sa.Text(), nullable=True),
        sa.Column("process", sa.String(length=200), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_us", sa.BigInteger(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("workspace", sa.String(length=100), nullable=False),
        sa.Column("principal", sa.String(length=100), nullable=False),
        sa.Column("trace_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_runs"),
    )
    op.create_index("ix_runs_pipeline_fingerprint", "runs", ["pipeline", "fingerprint"], unique=False)
    op.create_index("ix_runs_state_started_us", "runs", ["state", "started_us"], unique=False)


def _make_scores() -> None:
    op.create_table(
        "scores",
        sa.Column("task_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Float(), nullable=False),
        sa.Column("critical", sa.Boolean(), nullable=False),
        sa.Column("rater", sa.String(length=100), nullable=False),
        sa.Column("rule_version", sa.String(length=50), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("sampled", sa.Boolean(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("workspace", sa.String(length=100), nullable=False),
        sa.Column("principal", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("task_id", "source", "name", name="pk_scores"),
    )


def _make_seeds() -> None:
    op.create_table(
        "seeds",
        sa.Column("name", sa.String(length=300), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_seeds"),
    )


def _make_services() -> None:
    op.create_table(
        "services",
        sa.Column("service_id", ID, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=50), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("credential_ref", sa.Text(), nullable=True),
        sa.Column("region", sa.String(length=50), nullable=True),
        sa.Column("data_policy", sa.String(length=50), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("workspace", sa.String(length=100), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", name="pk_services"),
        sa.UniqueConstraint("name", name="uq_services_name"),
    )


def _make_snapshots() -> None:
    op.create_table(
        "snapshots",
        sa.Column("snapshot_id", ID, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot_id", name="pk_snapshots"),
        sa.UniqueConstraint("digest", name="uq_snapshots_digest"),
    )


def _make_items() -> None:
    op.create_table(
        "items",
        sa.Column("run_id", ID, autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(length=100), nullable=False),
        sa.Column("item", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("asset_digest", sa.String(length=64), nullable=True),
        sa.Column("task_id", sa.BigInteger(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_items_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("run_id", "stage", "item", name="pk_items"),
    )


def _make_offerings() -> None:
    op.create_table(
        "offerings",
        sa.Column("offering_id", ID, nullable=False),
        sa.Column("service_id", ID, nullable=False),
        sa.Column("model_id", ID, nullable=False),
        sa.Column("remote_name", sa.Text(), nullable=False),
        sa.Column("capabilities", sa.JSON(), nullable=False),
        sa.Column("features", sa.JSON(), nullable=False),
        sa.Column("context_window", sa.Integer(), nullable=True),
        sa.Column("max_output_tokens", sa.Integer(), nullable=True),
        sa.Column("accepted_params", sa.JSON(), nullable=False),
        sa.Column("quality", sa.Float(), nullable=False),
        sa.Column("latency_ms", sa.Float(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("retires_at_us", sa.BigInteger(), nullable=True),
        sa.Column("successor", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["model_id"], ["models.model_id"], name="fk_offerings_model_id"),
        sa.ForeignKeyConstraint(
            ["service_id"], ["services.service_id"], name="fk_offerings_service_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("offering_id", name="pk_offerings"),
        sa.UniqueConstraint("service_id", "model_id", name="uq_offerings_service_id_model_id"),
    )


def _make_prices() -> None:
    op.create_table(
        "prices",
        sa.Column("price_id", ID, nullable=False),
        sa.Column("offering_id", ID, nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=False),
        sa.Column("input_nanousd_per_mtok", sa.BigInteger(), nullable=False),
        sa.Column("output_nanousd_per_mtok", sa.BigInteger(), nullable=False),
        sa.Column("cached_input_nanousd_per_mtok", sa.BigInteger(), nullable=True),
        sa.Column("picture_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("call_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["offering_id"], ["offerings.offering_id"], name="fk_prices_offering_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("price_id", name="pk_prices"),
        sa.UniqueConstraint("offering_id", "valid_from_us", name="uq_prices_offering_id_valid_from_us"),
    )
