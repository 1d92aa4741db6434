"""Runs the numbered migrations on the connection that `goldbridge.state.schema` hands over, in its transaction."""

from alembic import context

from goldbridge.state.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
