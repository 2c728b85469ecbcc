"""Budgets, limits, their windows and leases; what access keys might spend becomes a budget of their principal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.INTEGER(), "sqlite")


def upgrade() -> None:
    """Make the tables, move the budgets of access keys into them, and drop their columns."""
    _make_definitions()
    _make_windows()
    # One principal may have had several keys with budgets; the smallest was the one that held.
    op.execute(
        "INSERT INTO budgets (scope, name, period, zone, amount_nanousd, version, changed_us) "
        "SELECT 'key', workspace || '/' || principal, budget_window, 'UTC', min(budget_nanousd), 1, max(created_us) "
        "FROM access_keys WHERE budget_nanousd IS NOT NULL AND revoked_us IS NULL "
        "GROUP BY workspace, principal, budget_window"
    )
    with op.batch_alter_table("access_keys") as access_keys:
        access_keys.drop_column("budget_nanousd")
        access_keys.drop_column("budget_window")


def _make_definitions() -> None:
    op.create_table(
        "budgets",
        sa.Column("budget_id", ID, nullable=False),
        sa.Column("scope", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("amount_nanousd", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("budget_id", name="pk_budgets"),
        sa.UniqueConstraint("scope", "name", "period", name="uq_budgets_scope_name_period"),
    )
    op.create_table(
        "limits",
        sa.Column("limit_id", ID, nullable=False),
        sa.Column("service", sa.String(length=200), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=True),
        sa.Column("tokens", sa.BigInteger(), nullable=True),
        sa.Column("places", sa.BigInteger(), nullable=True),
        sa.Column("provenance", sa.String(length=200), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("limit_id", name="pk_limits"),
        sa.UniqueConstraint("service", "model", name="uq_limits_service_model"),
    )


def _make_windows() -> None:
    op.create_table(
        "windows",
        sa.Column("window_id", ID, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("owner_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=400), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("spent", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("lost", sa.BigInteger(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("wanted_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("window_id", name="pk_windows"),
        sa.UniqueConstraint("kind", "owner_id", "name", "start_us", name="uq_windows_kind_owner_id_name_start_us"),
    )
    op.create_table(
        "leases",
        sa.Column("window_id", ID, autoincrement=False, nullable=False),
        sa.Column("fence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("process", sa.String(length=200), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=False),
        sa.Column("ends_us", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["window_id"], ["windows.window_id"], name="fk_leases_window_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("window_id", "fence", name="pk_leases"),
    )
