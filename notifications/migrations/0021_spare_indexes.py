"""No query needs it: `delivery_once` begins with the event. It goes by name: Django would rebuild the table on SQLite.
"""

import django.db.models.deletion
from django.db import migrations, models

SPARE = {
    "notifications_delivery_event_id_b0d7d368": "notifications_delivery (event_id)",
}


class Migration(migrations.Migration):
    dependencies = [
        ('intents', '0017_spare_indexes'),
        ('notifications', '0020_slack_heard'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(f"DROP INDEX {name}", f"CREATE INDEX {name} ON {on}") for name, on in SPARE.items()
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='delivery',
                    name='event',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='intents.event'),
                ),
            ],
        ),
    ]
