"""Run by Alembic with a connection that is in a transaction already. Batch mode: SQLite cannot alter in place."""

from alembic import context

from kronveil.stores.sqlite.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
context.run_migrations()
