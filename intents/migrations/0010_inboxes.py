"""Inboxes of agents: the answer to an intent lies where its sender asked for it (`reply_to`). New tables only."""

import django.db.models.deletion
import intents.fields
import intents.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0009_changes_are_found'),
    ]

    operations = [
        migrations.CreateModel(
            name='ThreadEntry',
            fields=[
                ('id', models.UUIDField(default=intents.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('position', models.PositiveIntegerField()),
                ('cursor', models.BigIntegerField(help_text='Its place in the inbox: ascending in the order of commits.')),
                ('kind', models.CharField(choices=[('waiting', 'Waiting'), ('ended', 'Ended'), ('reply', 'Reply'), ('delegated', 'Delegated'), ('received', 'Received'), ('messages_deleted', 'Messages Deleted')], max_length=16)),
                ('actor', models.CharField(max_length=255)),
                ('at', models.DateTimeField()),
                ('details', intents.fields.JSONText(default=dict)),
            ],
        ),
        migrations.CreateModel(
            name='Inbox',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('address', models.CharField(max_length=255)),
                ('cursor', models.BigIntegerField(default=0)),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='intents.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='Thread',
            fields=[
                ('intent', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='thread', serialize=False, to='intents.intent')),
                ('reply_to', models.CharField(help_text='The address that the sender named.', max_length=255)),
                ('last_position', models.PositiveIntegerField(default=0)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('inbox', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='threads', to='intents.inbox')),
            ],
        ),
        migrations.CreateModel(
            name='ThreadMessage',
            fields=[
                ('entry', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='message', serialize=False, to='intents.threadentry')),
                ('author', models.CharField(help_text="The reader's name of whoever wrote it (intents.inboxes).", max_length=320)),
                ('body', models.TextField()),
                ('deleted_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name='threadentry',
            name='inbox',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='intents.inbox'),
        ),
        migrations.AddField(
            model_name='threadentry',
            name='thread',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entries', to='intents.thread'),
        ),
        migrations.CreateModel(
            name='ThreadReader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reader', models.CharField(max_length=320)),
                ('read_to', models.PositiveIntegerField(default=0)),
                ('hidden', models.JSONField(default=list, help_text='Ids of messages.')),
                ('thread', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readers', to='intents.thread')),
            ],
        ),
        migrations.AddConstraint(
            model_name='inbox',
            constraint=models.UniqueConstraint(fields=('workspace', 'address'), name='inbox_address'),
        ),
        migrations.AddIndex(
            model_name='thread',
            index=models.Index(fields=['inbox', '-updated_at'], name='thread_newest'),
        ),
        migrations.AddConstraint(
            model_name='threadentry',
            constraint=models.UniqueConstraint(fields=('thread', 'position'), name='entry_position'),
        ),
        migrations.AddConstraint(
            model_name='threadentry',
            constraint=models.UniqueConstraint(fields=('inbox', 'cursor'), name='entry_cursor'),
        ),
        migrations.AddConstraint(
            model_name='threadentry',
            constraint=models.UniqueConstraint(condition=models.Q(('kind', 'ended')), fields=('thread',), name='ended_once'),
        ),
        migrations.AddConstraint(
            model_name='threadreader',
            constraint=models.UniqueConstraint(fields=('thread', 'reader'), name='thread_reader'),
        ),
    ]
