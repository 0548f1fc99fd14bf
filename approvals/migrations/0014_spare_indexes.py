"""No query needs them: `seat_once` begins with the gate, and nobody looks for gates by their terms.

They go by name: Django would rebuild the tables on SQLite. The one for patterns is on PostgreSQL alone.
"""

import django.db.models.deletion
from django.db import migrations, models

SPARE = {
    "approvals_seat_gate_id_ab70d6e4": "approvals_seat (gate_id)",
    "approvals_gate_terms_id_54adc98e": "approvals_gate (terms_id)",
}


class Migration(migrations.Migration):
    dependencies = [
        ('approvals', '0013_gate_closed'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                *(migrations.RunSQL(f"DROP INDEX {name}", f"CREATE INDEX {name} ON {on}") for name, on in SPARE.items()),
                migrations.RunSQL("DROP INDEX IF EXISTS approvals_gate_terms_id_54adc98e_like", migrations.RunSQL.noop),
            ],
            state_operations=[
                migrations.AlterField(
                    model_name='gate',
                    name='terms',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='approvals.terms'),
                ),
                migrations.AlterField(
                    model_name='seat',
                    name='gate',
                    field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='seats', to='approvals.gate'),
                ),
            ],
        ),
    ]
