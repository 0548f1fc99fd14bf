"""The app of people and their decisions."""

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    """Who may say yes, by when, and what happens if nobody does. Knows no network."""

    name = "approvals"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Take the ports of the intents app: the human step kind, the policy planner, keeping, members, sweeps."""
        from approvals import directory, human, keeping, planner, sweeps, weighing
        from intents import ports
        from intents.ticks import Tick

        ports.register_kind("human", human.HumanKind())
        ports.register_weigher(weighing.weigh)
        ports.register_planner(planner.plan)
        ports.register_keeper(keeping.ApprovalsKeeper())
        ports.register_people(directory.member_ref)
        ports.register_sweep(Tick(sweeps.settle, sweeps.MOST))
