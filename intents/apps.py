"""The app of programs' requests."""

from django.apps import AppConfig


class IntentsConfig(AppConfig):
    """Workspaces, agents, keys, intents and their history. Knows no people and no channels."""

    name = "intents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the step kinds that need no other app, and what this one keeps for a while only."""
        from intents import keeping, kinds, ports

        kinds.register_own()
        ports.register_keeper(keeping.IntentsKeeper())
