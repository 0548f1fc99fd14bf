"""Django's PostgreSQL with a pool that gets over a restart of the database. `ENGINE` names this package."""
