"""Rows that would tie two workspaces together, written past every query of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from approvals.models import Gate
from intents import clock, tenancy
from intents.models import Agent, ApiKey, Intent, ServiceAccount, Step
from intents.tenancy import EXISTING, fences, lower_fences, raise_fences
from notifications.announce import announce_due
from notifications.models import Delivery, WebhookDelivery, WebhookEvent, WebhookSubscription
from tests.acts import neighbours
from tests.factories import make_agent, open_gate


@pytest.fixture
def two(world: SimpleNamespace) -> SimpleNamespace:
    """A row of each kind here, and one of each kind that it could refer to over there."""
    here, there, now = open_gate(world), neighbours(), clock.now()
    announce_due()
    other = open_gate(SimpleNamespace(principal=there.principal))
    agent = make_agent(there.workspace, "spy")
    subscription = WebhookSubscription.objects.create(
        workspace=world.workspace, callback_url="https://a.example/", created_at=now, updated_at=now
    )
    event, foreign = (
        WebhookEvent.objects.create(workspace=workspace, event_type="deploy.done", created_at=now)
        for workspace in (world.workspace, there.workspace)
    )
    other_step, other_intent = other.step, other.intent
    other.delete()  # one gate for each step
    ServiceAccount.objects.filter(workspace=there.workspace).update(name="theirs")
    WebhookDelivery.objects.create(subscription=subscription, event=event, queued_at=now, not_before=now)
    return SimpleNamespace(
        gate=here, intent=other_intent, step=other_step, agent=agent, key=there.principal.key, event=foreign
    )


@contextmanager
def checked() -> Iterator[None]:
    """A transaction that ends as one that commits."""
    with transaction.atomic():
        yield
        connection.check_constraints()


def refused(rows: Any, **change: Any) -> None:
    """The database says no, and the rows stay."""
    before = list(rows.values())
    assert before
    with pytest.raises(IntegrityError, match="another workspace"), checked():
        rows.update(**change)
    assert list(rows.values()) == before


def test_a_row_that_refers_to_another_workspaces_row_is_refused_by_the_database(two: SimpleNamespace) -> None:
    refused(Gate.objects.filter(pk=two.gate.pk), intent=two.intent)
    refused(Gate.objects.filter(pk=two.gate.pk), step=two.step)
    refused(Intent.objects.filter(pk=two.gate.intent_id), sender=two.key)
    refused(ApiKey.objects.filter(pk=two.gate.intent.sender_id), service_account=two.key.service_account)
    refused(ApiKey.objects.filter(pk=two.gate.intent.sender_id), agent=two.agent)
    refused(ApiKey.objects.filter(pk=two.gate.intent.sender_id), made_by=two.key)
    refused(ServiceAccount.objects.filter(keys=two.gate.intent.sender_id), agent=two.agent)
    refused(Delivery.objects.filter(intent=two.gate.intent), intent=two.intent)
    refused(Delivery.objects.filter(intent=two.gate.intent), event=two.intent.events.earliest("seq"))
    refused(WebhookSubscription.objects.all(), owner=two.agent)
    refused(WebhookDelivery.objects.all(), event=two.event)


def test_a_new_row_that_ties_two_workspaces_is_refused_by_the_database(two: SimpleNamespace) -> None:
    key = ApiKey.objects.get(pk=two.gate.intent.sender_id)
    key.pk, key.digest, key.agent = two.gate.pk, "0" * 64, two.agent

    with pytest.raises(IntegrityError, match="another workspace"), checked():
        key.save(force_insert=True)


def test_a_row_that_others_refer_to_never_moves_to_another_workspace(two: SimpleNamespace) -> None:
    elsewhere = two.intent.workspace_id

    for rows in (
        Intent.objects.filter(pk=two.gate.intent_id),
        ApiKey.objects.filter(pk=two.gate.intent.sender_id),
        ServiceAccount.objects.filter(keys=two.gate.intent.sender_id),
        Agent.objects.filter(workspace=two.gate.workspace),
    ):
        refused(rows, workspace=elsewhere)
    refused(Step.objects.filter(pk=two.gate.step_id), intent=two.intent, position=9, name="moved", status="done")


def test_every_reference_between_rows_with_a_workspace_has_its_fences_when_the_database_was_migrated(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(EXISTING[connection.vendor])
        there = {name for (name,) in cursor.fetchall()}

    wanted = {fence.name for fence in fences(connection.vendor)}
    assert there == wanted
    for reference in (
        "i_approvals_gate_intent_id",
        "u_approvals_gate_intent_id",
        "i_intents_apikey_service_account_id",
        "i_intents_apikey_agent_id",
        "i_intents_serviceaccount_agent_id",
        "i_notifications_delivery_intent_id",
        "i_notifications_webhookdelivery_event_id",
        "i_intents_redemption_key_id",
        "m_intents_intent",
    ):
        assert f"home_{reference}" in wanted
    assert {fence.table for fence in fences(connection.vendor)} <= {model._meta.db_table for model in apps.get_models()}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL rebuilds no table")
def test_fences_go_away_before_a_migration_and_come_back_after_it(db: None) -> None:
    lower_fences("default", plan=[object()])
    with connection.cursor() as cursor:
        cursor.execute(EXISTING["sqlite"])
        assert cursor.fetchall() == []
        raise_fences("default")
        cursor.execute(EXISTING["sqlite"])
        assert len(cursor.fetchall()) == len(list(fences(connection.vendor)))


def test_nothing_else_is_exempt() -> None:
    assert tenancy.EXEMPT == ("intents_outbox",)
