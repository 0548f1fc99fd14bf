"""Expands: who made a key and what it replaces, when it was used; agents that are stopped; semantic schemas; metrics."""

import django.db.models.deletion
import intents.fields
import intents.ids
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intents', '0006_open_gates_are_counted'),
    ]

    operations = [
        migrations.CreateModel(
            name='AgentMetrics',
            fields=[
                ('agent', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='metrics_row', serialize=False, to='intents.agent')),
                ('beat_at', models.DateTimeField(help_text='The last heartbeat, exact to the minute.')),
                ('since', models.DateTimeField()),
                ('intents_total', models.BigIntegerField(default=0)),
                ('intents_succeeded', models.BigIntegerField(default=0)),
                ('intents_failed', models.BigIntegerField(default=0)),
                ('latency_ms_sum', models.FloatField(default=0)),
                ('cost_usd', models.FloatField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='SemanticSchema',
            fields=[
                ('id', models.UUIDField(default=intents.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('semantic_type', models.CharField(max_length=255)),
                ('version', models.PositiveIntegerField()),
                ('schema', intents.fields.JSONText()),
                ('schema_hash', models.CharField(help_text='SHA-256 of the canonical schema.', max_length=64)),
                ('schema_ref', models.CharField(blank=True, help_text='A name that people know it by; never fetched.', max_length=255)),
                ('compatibility_mode', models.CharField(choices=[('strict', 'Strict'), ('backward', 'Backward'), ('warn', 'Warn')], max_length=8)),
                ('is_active', models.BooleanField(default=False)),
                ('activated_at', models.DateTimeField(null=True)),
                ('made_by', models.CharField(max_length=255)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='agent',
            name='killed_at',
            field=models.DateTimeField(blank=True, help_text='Stopped until it is resumed.', null=True),
        ),
        migrations.AddField(
            model_name='agent',
            name='killed_by',
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name='apikey',
            name='first',
            field=models.ForeignKey(blank=True, editable=False, help_text='Where rotation began.', null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='+', to='intents.apikey'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='last_used_at',
            field=models.DateTimeField(blank=True, editable=False, help_text='Exact to the hour.', null=True),
        ),
        migrations.AddField(
            model_name='apikey',
            name='made_by',
            field=models.ForeignKey(blank=True, help_text='Empty: a person did.', null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='made', to='intents.apikey'),
        ),
        migrations.AddField(
            model_name='apikey',
            name='replaces',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='replaced_by', to='intents.apikey'),
        ),
        migrations.AddField(
            model_name='serviceaccount',
            name='made_by',
            field=models.ForeignKey(blank=True, help_text='The account whose key made this one.', null=True, on_delete=django.db.models.deletion.RESTRICT, to='intents.serviceaccount'),
        ),
        migrations.AddField(
            model_name='workspace',
            name='has_schemas',
            field=models.BooleanField(default=False, editable=False, help_text='True once a semantic schema was stored: before, nobody looks for one.'),
        ),
        migrations.AddIndex(
            model_name='agent',
            index=models.Index(condition=models.Q(('killed_at__isnull', False)), fields=['address'], name='agent_killed'),
        ),
        migrations.AddField(
            model_name='semanticschema',
            name='workspace',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='schemas', to='intents.workspace'),
        ),
        migrations.AddConstraint(
            model_name='semanticschema',
            constraint=models.UniqueConstraint(fields=('workspace', 'semantic_type', 'version'), name='schema_version'),
        ),
        migrations.AddConstraint(
            model_name='semanticschema',
            constraint=models.UniqueConstraint(fields=('workspace', 'semantic_type', 'schema_hash'), name='schema_once'),
        ),
        migrations.AddConstraint(
            model_name='semanticschema',
            constraint=models.UniqueConstraint(condition=models.Q(('is_active', True)), fields=('workspace', 'semantic_type'), name='one_active_schema'),
        ),
    ]
