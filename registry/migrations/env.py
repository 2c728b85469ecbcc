"""Where Alembic begins: runs the steps on the connection that ``registry/schema.py`` hands over, in its transaction."""

from __future__ import annotations

from alembic import context

from registry.schema import VERSION_TABLE
from registry.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite changes a table by copying it.
    render_as_batch=True,
)
context.run_migrations()
