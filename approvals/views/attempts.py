"""What is for people who decide: that somebody else tried it is kept in the intent's history."""

from __future__ import annotations

from typing import Any, ClassVar

from rest_framework.request import Request

from intents.errors import Forbidden
from intents.ids import parse_id
from intents.models import Intent
from intents.services.attempts import keep_attempt_on
from intents.views.base import ApiView


class DecidersView(ApiView):
    """A view under a gate's id. `tried` is the verb by which the history names an attempt."""

    tried: ClassVar[str] = "decide"

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Whoever may not decide at all is refused before anything is read; that they tried is kept."""
        try:
            super().initial(request, *args, **kwargs)
        except Forbidden as refusal:
            meant = Intent.objects.filter(gates__pk__in=[parse_id(kwargs["gate_id"])])
            keep_attempt_on(self.principal, meant, self.tried, refusal)
            raise
