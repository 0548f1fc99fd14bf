"""Indexes of references whose column begins another index of their table: no query needs both.

They go by name: Django would rebuild the tables on SQLite, and with them would go the triggers that keep the history.
"""

import django.db.models.deletion
from django.db import migrations, models

SPARE = {
    "intents_event_intent_id_b32bd8a3": "intents_event (intent_id)",
    "intents_intent_sender_id_b80939b7": "intents_intent (sender_id)",
    "intents_intent_workspace_id_5623c523": "intents_intent (workspace_id)",
    "intents_step_intent_id_34f18588": "intents_step (intent_id)",
}


class Migration(migrations.Migration):
    dependencies = [
        ('intents', '0016_open_intents_of_a_requester'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(f"DROP INDEX {name}", f"CREATE INDEX {name} ON {on}") for name, on in SPARE.items()
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='event',
                    name='intent',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='events', to='intents.intent'),
                ),
                migrations.AlterField(
                    model_name='intent',
                    name='sender',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='intents', to='intents.apikey'),
                ),
                migrations.AlterField(
                    model_name='intent',
                    name='workspace',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='intents', to='intents.workspace'),
                ),
                migrations.AlterField(
                    model_name='step',
                    name='intent',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='intents.intent'),
                ),
            ],
        ),
    ]
