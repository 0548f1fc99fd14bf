"""Each new intent asks who changed the rules lately: the entries that say so are found among a year of checkpoints."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0008_receipts'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='workspaceentry',
            index=models.Index(fields=['workspace', 'change', 'at'], name='workspace_entry_change'),
        ),
    ]
