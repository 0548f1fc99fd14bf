"""What somebody changed is found among many checkpoints without reading them. An index only."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0008_receipts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='workspaceentry',
            index=models.Index(condition=models.Q(('change', 'history.checkpointed'), _negated=True), fields=['workspace', 'seq'], name='workspace_entry_changes'),
        ),
    ]
