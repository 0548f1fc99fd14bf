"""A limit on open gates for each sender is asked at each new intent with a gate: it needs an index of its own."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0005_purged_texts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='intent',
            index=models.Index(condition=models.Q(('waiting_reason', 'WAITING_FOR_HUMAN')), fields=['sender'], name='intent_at_gate'),
        ),
    ]
