"""Receipts for what was approved, and their use: two new tables, which the database refuses to change, as it does events.

A use that is taken away could happen again, so these rows only go when their intent is archived (0002).
"""

import django.db.models.deletion
from django.db import migrations, models

import intents.ids

TABLES = {"receipt": "id", "redemption": "receipt_id"}

POSTGRESQL = [
    statement
    for name in TABLES
    for statement in (
        f"""
        CREATE TRIGGER {name}_is_kept BEFORE UPDATE OR DELETE ON intents_{name}
        FOR EACH ROW EXECUTE FUNCTION intents_history_is_kept()
        """,
        f"""
        CREATE TRIGGER {name}s_are_kept BEFORE TRUNCATE ON intents_{name}
        FOR EACH STATEMENT EXECUTE FUNCTION intents_history_is_kept()
        """,
    )
]
POSTGRESQL_BACK = [
    f"DROP TRIGGER {trigger} ON intents_{name}" for name in TABLES for trigger in (f"{name}s_are_kept", f"{name}_is_kept")
]

SQLITE = [
    statement
    for name, key in TABLES.items()
    for statement in (
        f"""
        CREATE TRIGGER {name}_is_not_updated BEFORE UPDATE ON intents_{name}
        BEGIN SELECT RAISE(ABORT, 'the history is kept: UPDATE of intents_{name} is refused'); END
        """,
        f"""
        CREATE TRIGGER {name}_is_not_deleted BEFORE DELETE ON intents_{name}
        WHEN NOT EXISTS (SELECT 1 FROM intents_archiving)
        BEGIN SELECT RAISE(ABORT, 'the history is kept: DELETE of intents_{name} is refused'); END
        """,
        # INSERT OR REPLACE removes the row in its way without asking the trigger above
        f"""
        CREATE TRIGGER {name}_is_not_replaced BEFORE INSERT ON intents_{name}
        WHEN EXISTS (SELECT 1 FROM intents_{name} WHERE {key} = NEW.{key})
        BEGIN SELECT RAISE(ABORT, 'the history is kept: this row of intents_{name} is there already'); END
        """,
    )
]
SQLITE_BACK = [
    f"DROP TRIGGER {name}_is_not_{verb}" for name in TABLES for verb in ("replaced", "deleted", "updated")
]


def by_vendor(**statements):
    """An operation that runs the statements meant for the database at hand."""

    def run(apps, schema_editor):
        for statement in statements[schema_editor.connection.vendor]:
            schema_editor.execute(statement, params=None)

    return run


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0007_keys_schemas_mesh'),
    ]

    operations = [
        migrations.CreateModel(
            name='Receipt',
            fields=[
                ('id', models.UUIDField(default=intents.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('executor', models.CharField(blank=True, max_length=255)),
                ('token', models.TextField()),
                ('issued_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('intent', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='receipts', to='intents.intent')),
                ('step', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='receipts', to='intents.step')),
            ],
            options={
                'ordering': ['issued_at', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Redemption',
            fields=[
                ('receipt', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='redemption', serialize=False, to='intents.receipt')),
                ('by', models.CharField(help_text="The agent's address, or the name of the key's account.", max_length=255)),
                ('at', models.DateTimeField()),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='redemptions', to='intents.apikey')),
            ],
        ),
        migrations.AddConstraint(
            model_name='receipt',
            constraint=models.UniqueConstraint(condition=models.Q(('step', None)), fields=('intent',), name='one_receipt_at_the_end'),
        ),
        migrations.RunPython(
            by_vendor(postgresql=POSTGRESQL, sqlite=SQLITE),
            by_vendor(postgresql=POSTGRESQL_BACK, sqlite=SQLITE_BACK),
        ),
    ]
