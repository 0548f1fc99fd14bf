"""The database itself refuses to change, remove or empty the history.

Only a transaction that says that it archives may delete events, and it cannot say so for any other transaction:
on PostgreSQL the setting `countersign.archiving` must hold that transaction's own id; on SQLite there must be a row in
`intents_archiving`, and no transaction with that row commits, as it refers to a row that cannot exist.

A migration that lets Django rebuild one of these tables on SQLite drops its triggers: it must make them again.
"""

from django.db import migrations

POSTGRESQL = (
    """
    CREATE FUNCTION intents_history_is_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
        IF TG_OP <> 'UPDATE' AND current_setting('countersign.archiving', true) = pg_current_xact_id()::text THEN
            RETURN OLD;
        END IF;
        RAISE EXCEPTION 'the history is kept: % of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER event_is_kept BEFORE UPDATE OR DELETE ON intents_event
    FOR EACH ROW EXECUTE FUNCTION intents_history_is_kept()
    """,
    """
    CREATE TRIGGER events_are_kept BEFORE TRUNCATE ON intents_event
    FOR EACH STATEMENT EXECUTE FUNCTION intents_history_is_kept()
    """,
    """
    CREATE TRIGGER eventtext_is_kept BEFORE UPDATE ON intents_eventtext
    FOR EACH ROW EXECUTE FUNCTION intents_history_is_kept()
    """,
)
POSTGRESQL_BACK = (
    "DROP TRIGGER eventtext_is_kept ON intents_eventtext",
    "DROP TRIGGER events_are_kept ON intents_event",
    "DROP TRIGGER event_is_kept ON intents_event",
    "DROP FUNCTION intents_history_is_kept()",
)

SQLITE = (
    """
    CREATE TABLE intents_archiving (
        id integer PRIMARY KEY CHECK (id = 1),
        never integer NOT NULL DEFAULT 2 CHECK (never = 2)
            REFERENCES intents_archiving (id) DEFERRABLE INITIALLY DEFERRED
    )
    """,
    """
    CREATE TRIGGER event_is_not_updated BEFORE UPDATE ON intents_event
    BEGIN SELECT RAISE(ABORT, 'the history is kept: UPDATE of intents_event is refused'); END
    """,
    """
    CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON intents_event
    WHEN NOT EXISTS (SELECT 1 FROM intents_archiving)
    BEGIN SELECT RAISE(ABORT, 'the history is kept: DELETE of intents_event is refused'); END
    """,
    # INSERT OR REPLACE removes the row in its way without asking the trigger above
    """
    CREATE TRIGGER event_is_not_replaced BEFORE INSERT ON intents_event
    WHEN EXISTS (SELECT 1 FROM intents_event WHERE id = NEW.id OR (intent_id = NEW.intent_id AND seq = NEW.seq))
    BEGIN SELECT RAISE(ABORT, 'the history is kept: this event of intents_event is there already'); END
    """,
    """
    CREATE TRIGGER eventtext_is_not_updated BEFORE UPDATE ON intents_eventtext
    BEGIN SELECT RAISE(ABORT, 'the history is kept: UPDATE of intents_eventtext is refused'); END
    """,
)
SQLITE_BACK = (
    "DROP TRIGGER eventtext_is_not_updated",
    "DROP TRIGGER event_is_not_replaced",
    "DROP TRIGGER event_is_not_deleted",
    "DROP TRIGGER event_is_not_updated",
    "DROP TABLE intents_archiving",
)


def by_vendor(**statements):
    """An operation that runs the statements meant for the database at hand."""

    def run(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):
    dependencies = [("intents", "0001_initial")]

    operations = [
        migrations.RunPython(
            by_vendor(postgresql=POSTGRESQL, sqlite=SQLITE),
            by_vendor(postgresql=POSTGRESQL_BACK, sqlite=SQLITE_BACK),
        )
    ]
