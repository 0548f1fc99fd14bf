from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('notifications', '0014_slack_presses'),
    ]

    operations = [
        migrations.AddField(
            model_name='slackinstallation',
            name='listened_at',
            field=models.DateTimeField(editable=False, help_text='When it was last seen connected.', null=True),
        ),
        migrations.AddField(
            model_name='slackinstallation',
            name='socket_fault',
            field=models.CharField(blank=True, editable=False, help_text='Why Socket Mode is deaf.', max_length=500),
        ),
    ]
