"""A purpose of its own for the note to whoever was asked and did not decide. No table changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0001_initial'),
    ]

    operations = [
        migrations.AlterField(
            model_name='delivery',
            name='purpose',
            field=models.CharField(choices=[('request', 'Request'), ('reminder', 'Reminder'), ('escalation', 'Escalation'), ('outcome', 'Outcome'), ('closed', 'Closed'), ('waiting', 'Waiting'), ('notification', 'Notification')], max_length=12),
        ),
    ]
