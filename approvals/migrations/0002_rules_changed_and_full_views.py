"""Whether changers of rules wait, and whether a decision's view was full: two columns that older code may leave out."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='approvalsettings',
            name='changers_wait',
            field=models.BooleanField(db_default=True, default=True, help_text='Whoever changes policies, teams, rights or these settings does not decide on what is sent within 24 hours of it. Switching this off is such a change.'),
        ),
        migrations.AddField(
            model_name='decision',
            name='full_view',
            field=models.BooleanField(help_text="Whether the view showed everything. Empty: a program's own, of which nothing is known.", null=True),
        ),
    ]
