"""Since when an intent's texts are purged. Nullable, so that old code goes on writing rows without it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intents", "0004_workspace_chain")]

    operations = [
        migrations.AddField(
            model_name="intenttexts",
            name="purged_at",
            field=models.DateTimeField(
                editable=False, help_text="Since when only digests are left.", null=True
            ),
        ),
    ]
