"""The tables of budgets and limits: what may be spent and how fast, the windows that count it, the leases on them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from registry.tables import Id, metadata

budgets = Table(
    "budgets",
    metadata,
    Column("budget_id", Id, primary_key=True),
    Column("scope", String(20), nullable=False),  # run, pipeline, key, workspace, service
    Column("name", String(200), nullable=False),  # *: each of them has the amount for itself
    Column("period", String(10), nullable=False),  # total (of a run), day, month
    Column("zone", String(64), nullable=False),  # whose days and months they are, as IANA names it
    Column("amount_nanousd", BigInteger, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    UniqueConstraint("scope", "name", "period"),
)

limits = Table(
    "limits",
    metadata,
    Column("limit_id", Id, primary_key=True),
    Column("service", String(200), nullable=False),
    Column("model", String(200), nullable=False),  # "": the service as a whole
    Column("requests", BigInteger),  # a minute; None: no limit
    Column("tokens", BigInteger),  # a minute
    Column("places", BigInteger),  # calls at once
    Column("provenance", String(200), nullable=False),  # who says so
    Column("version", Integer, nullable=False),
    Column("changed_us", BigInteger, nullable=False),
    UniqueConstraint("service", "model"),
)

windows = Table(
    "windows",
    metadata,
    Column("window_id", Id, primary_key=True),
    Column("kind", String(10), nullable=False),  # budget, requests, tokens, places
    Column("owner_id", BigInteger, nullable=False),  # budgets.budget_id or limits.limit_id
    Column("name", String(400), nullable=False),  # whose it is, where the budget is for each
    Column("start_us", BigInteger, nullable=False),  # on the database's clock; 0: it has no beginning
    Column("end_us", BigInteger),  # None: it has no end
    Column("amount", BigInteger, nullable=False),
    Column("spent", BigInteger, nullable=False),  # settled
    Column("held", BigInteger, nullable=False),  # by living leases
    Column("lost", BigInteger, nullable=False),  # held by leases that have ended unsettled: counts as spent
    Column("fence", BigInteger, nullable=False),  # the last one given to a lease
    Column("wanted_us", BigInteger, nullable=False),  # when somebody last asked in vain
    UniqueConstraint("kind", "owner_id", "name", "start_us"),
)

leases = Table(
    "leases",
    metadata,
    Column(
        "window_id",
        ForeignKey("windows.window_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("fence", BigInteger, primary_key=True, autoincrement=False),
    Column("process", String(200), nullable=False),  # host:pid:start:chance:number, no other lease's
    Column("held", BigInteger, nullable=False),
    Column("settled", BigInteger, nullable=False),  # since the lease began; its sum is in windows.spent
    Column("ends_us", BigInteger, nullable=False),
    Column("ended", Boolean, nullable=False),  # its time has passed: held has moved to windows.lost
)
