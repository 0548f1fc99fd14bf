"""Each new intent asks who changed the rules lately: these entries are found by their kind and age. An index only."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0010_inboxes'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='workspaceentry',
            index=models.Index(fields=['workspace', 'change', 'at'], name='workspace_entry_change'),
        ),
    ]
