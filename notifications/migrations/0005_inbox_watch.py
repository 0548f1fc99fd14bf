"""Up to where inboxes were read for webhooks. Only a new table."""


import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0010_inboxes'),
        ('notifications', '0004_webhooks'),
    ]

    operations = [
        migrations.CreateModel(
            name='InboxWatch',
            fields=[
                ('inbox', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='intents.inbox')),
                ('cursor', models.BigIntegerField(default=0)),
            ],
        ),
    ]
