"""The schema's history, for Alembic: one file a step in ``versions``, run by ``registry/schema.py``."""
