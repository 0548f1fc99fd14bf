"""The app of programs' requests."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate


class IntentsConfig(AppConfig):
    """Workspaces, agents, keys, intents and their history. Knows no people and no channels."""

    name = "intents"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register step kinds that need no other app, what is kept for a while only, and the fences of workspaces."""
        from intents import keeping, kinds, ports, tenancy

        pre_migrate.connect(tenancy.lower_fences, sender=self)
        post_migrate.connect(tenancy.raise_fences, sender=self)
        kinds.register_own()
        ports.register_keeper(keeping.IntentsKeeper())
