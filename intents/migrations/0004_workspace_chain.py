"""A chain of entries per workspace: configuration changes and checkpoints. New tables only.

The database refuses to change, remove or empty the entries, and unlike events they are never archived: no transaction
may say otherwise. A migration that lets Django rebuild their table on SQLite drops its triggers: it must make them again.
"""

import django.db.models.deletion
from django.db import migrations, models

POSTGRESQL = (
    """
    CREATE FUNCTION intents_record_is_kept() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
    BEGIN
        RAISE EXCEPTION 'the record is kept: % of % is refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'restrict_violation';
    END $$
    """,
    """
    CREATE TRIGGER workspaceentry_is_kept BEFORE UPDATE OR DELETE ON intents_workspaceentry
    FOR EACH ROW EXECUTE FUNCTION intents_record_is_kept()
    """,
    """
    CREATE TRIGGER workspaceentries_are_kept BEFORE TRUNCATE ON intents_workspaceentry
    FOR EACH STATEMENT EXECUTE FUNCTION intents_record_is_kept()
    """,
)
POSTGRESQL_BACK = (
    "DROP TRIGGER workspaceentries_are_kept ON intents_workspaceentry",
    "DROP TRIGGER workspaceentry_is_kept ON intents_workspaceentry",
    "DROP FUNCTION intents_record_is_kept()",
)

SQLITE = (
    """
    CREATE TRIGGER workspaceentry_is_not_updated BEFORE UPDATE ON intents_workspaceentry
    BEGIN SELECT RAISE(ABORT, 'the record is kept: UPDATE of intents_workspaceentry is refused'); END
    """,
    """
    CREATE TRIGGER workspaceentry_is_not_deleted BEFORE DELETE ON intents_workspaceentry
    BEGIN SELECT RAISE(ABORT, 'the record is kept: DELETE of intents_workspaceentry is refused'); END
    """,
    # INSERT OR REPLACE removes the row in its way without asking the trigger above
    """
    CREATE TRIGGER workspaceentry_is_not_replaced BEFORE INSERT ON intents_workspaceentry
    WHEN EXISTS (
        SELECT 1 FROM intents_workspaceentry
        WHERE id = NEW.id OR (workspace_id = NEW.workspace_id AND seq = NEW.seq)
    )
    BEGIN SELECT RAISE(ABORT, 'the record is kept: this entry of intents_workspaceentry is there already'); END
    """,
)
SQLITE_BACK = (
    "DROP TRIGGER workspaceentry_is_not_replaced",
    "DROP TRIGGER workspaceentry_is_not_deleted",
    "DROP TRIGGER workspaceentry_is_not_updated",
)


def by_vendor(**statements):
    """An operation that runs the statements meant for the database at hand."""

    def run(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0003_failing_intents_are_found'),
    ]

    operations = [
        migrations.CreateModel(
            name='WorkspaceChain',
            fields=[
                ('workspace', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='chain', serialize=False, to='intents.workspace')),
                ('last_seq', models.PositiveBigIntegerField(default=0)),
                ('last_hash', models.CharField(blank=True, max_length=64)),
                ('last_at', models.DateTimeField(null=True)),
                ('anchored_seq', models.PositiveBigIntegerField(default=0, help_text='Up to here ANCHOR_FILE has been told.')),
            ],
        ),
        migrations.CreateModel(
            name='CheckpointCursor',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('through', models.BigIntegerField(default=0, help_text='Events up to this id are in a checkpoint.')),
                ('fence', models.BigIntegerField(default=0, help_text='Events up to this id are to be, once nobody adds any below.')),
                ('fence_xid', models.BigIntegerField(default=0, help_text='PostgreSQL: when every transaction below has ended.')),
                ('fenced_at', models.DateTimeField(null=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('id', 1)), name='one_checkpoint_cursor')],
            },
        ),
        migrations.CreateModel(
            name='WorkspaceEntry',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('seq', models.PositiveBigIntegerField()),
                ('change', models.CharField(help_text='What happened, in the past tense: key.created.', max_length=64)),
                ('at', models.DateTimeField()),
                ('actor', models.CharField(max_length=255)),
                ('body', models.TextField(help_text='RFC 8785 canonical JSON of the details. Never a secret, never a payload.')),
                ('body_digest', models.CharField(max_length=71)),
                ('previous_hash', models.CharField(blank=True, max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='entries', to='intents.workspace')),
            ],
            options={
                'verbose_name_plural': 'workspace entries',
                'constraints': [models.UniqueConstraint(fields=('workspace', 'seq'), name='workspace_entry_seq')],
            },
        ),
        migrations.RunPython(
            by_vendor(postgresql=POSTGRESQL, sqlite=SQLITE),
            by_vendor(postgresql=POSTGRESQL_BACK, sqlite=SQLITE_BACK),
        ),
    ]
