"""Subscriptions to webhooks, events to tell them, and their deliveries. Only new tables."""

import django.db.models.deletion
import intents.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0004_workspace_chain'),
        ('notifications', '0003_floods_are_digested'),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookEvent',
            fields=[
                ('id', models.UUIDField(default=intents.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('thread_id', models.UUIDField(help_text='The intent (or inbox thread) in which this stands in order.', null=True)),
                ('position', models.BigIntegerField(default=0, help_text='The place in that order.')),
                ('event_type', models.CharField(max_length=64)),
                ('source', models.CharField(max_length=255)),
                ('actor', models.CharField(max_length=255)),
                ('payload', models.TextField(blank=True, help_text='Canonical JSON; empty where the history has it.')),
                ('created_at', models.DateTimeField()),
                ('event', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='intents.event')),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='intents.agent')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='intents.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookSubscription',
            fields=[
                ('id', models.UUIDField(default=intents.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('callback_url', models.CharField(max_length=2048)),
                ('event_types', models.JSONField(default=list)),
                ('sealed_secret', models.TextField(help_text='Encrypted with a key that is made from SECRET_KEY.')),
                ('secret_hint', models.CharField(max_length=8)),
                ('active', models.BooleanField(default=True)),
                ('description', models.CharField(blank=True, max_length=255)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('failures', models.PositiveSmallIntegerField(default=0)),
                ('blocked_until', models.DateTimeField(null=True)),
                ('failing_since', models.DateTimeField(null=True)),
                ('why', models.CharField(blank=True, max_length=500)),
                ('owner', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='intents.agent')),
                ('workspace', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='intents.workspace')),
            ],
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.UUIDField(default=intents.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('thread_id', models.UUIDField(null=True)),
                ('position', models.BigIntegerField(default=0)),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('sending', 'Sending'), ('sent', 'Sent'), ('dead', 'Dead'), ('superseded', 'Superseded'), ('held', 'Held')], default='queued', max_length=10)),
                ('attempt', models.PositiveIntegerField(default=0)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('queued_at', models.DateTimeField()),
                ('not_before', models.DateTimeField()),
                ('lease_until', models.DateTimeField(null=True)),
                ('reference', models.CharField(blank=True, help_text='What the receiver answered.', max_length=255)),
                ('why', models.CharField(blank=True, max_length=500)),
                ('settled_at', models.DateTimeField(null=True)),
                ('event', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.webhookevent')),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='notifications.webhooksubscription')),
            ],
            options={
                'verbose_name_plural': 'webhook deliveries',
            },
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(fields=['workspace', '-created_at'], name='webhook_event_newest'),
        ),
        migrations.AddIndex(
            model_name='webhookevent',
            index=models.Index(fields=['created_at'], name='webhook_event_age'),
        ),
        migrations.AddConstraint(
            model_name='webhookevent',
            constraint=models.UniqueConstraint(fields=('event', 'event_type'), name='webhook_event_once'),
        ),
        migrations.AddConstraint(
            model_name='webhooksubscription',
            constraint=models.UniqueConstraint(condition=models.Q(('owner__isnull', False), ('revoked_at', None)), fields=('owner', 'callback_url'), name='webhook_of_agent'),
        ),
        migrations.AddConstraint(
            model_name='webhooksubscription',
            constraint=models.UniqueConstraint(condition=models.Q(('owner__isnull', True), ('revoked_at', None)), fields=('workspace', 'callback_url'), name='webhook_of_workspace'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status__in', ('queued', 'sending'))), fields=['subscription', 'not_before'], name='webhook_delivery_due'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('status__in', ('queued', 'sending'))), fields=['subscription', 'thread_id', 'position'], name='webhook_delivery_line'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(fields=('event', 'subscription'), name='webhook_delivery_once'),
        ),
    ]
