"""Semantic schemas over the wire: versions, what a new one may change, and payloads that have to fit."""

import pytest

from intents.models import Intent, SemanticSchema, WorkspaceEntry
from intents.services.changes import details_of_entry
from tests.acts import agent_task, bundle, neighbours
from tests.conftest import Api
from tests.factories import make_key
from tests.intents.test_api_accounts import refusal

TYPE = "intent.infra.change.v1"
FIRST = {"type": "object", "properties": {"target": {"type": "string"}}, "required": ["target"]}
WIDER = {"type": "object", "properties": {"target": {"type": ["string", "null"]}, "note": {"type": "string"}}}
SEND = {"intent_type": TYPE, "to_agent": "infra-validator"}


def publish(api, schema=FIRST, mode="strict", **fields):
    body = {"semantic_type": TYPE, "schema_json": schema, "compatibility_mode": mode, **fields}
    return api.post("/v1/schemas", body)


def test_schema_is_published_and_read_back(world, api):
    made = publish(api, schema_ref="changes").json()["schema"]

    read = Api(world.work_secret).get(f"/v1/schemas/{TYPE}").json()["schema"]

    assert {name: read[name] for name in made} == made
    assert read["schema_json"] == FIRST
    assert (made["version"], made["active"], made["scope"], made["schema_ref"]) == (1, True, "tenant", "changes")
    assert len(made["schema_hash"]) == 64
    assert made["owner_agent"] == "key:sender"


def test_the_same_schema_again_is_the_same_version(api):
    first, again = (publish(api, schema).json()["schema"] for schema in (FIRST, dict(reversed(FIRST.items()))))

    assert first == again
    assert WorkspaceEntry.objects.filter(change="schema.published").count() == 1


@pytest.mark.parametrize(
    ("mode", "schema", "taken"),
    [
        ("strict", WIDER, False),
        ("strict", FIRST | {"title": "Only words"}, True),
        ("backward", WIDER, True),
        ("backward", FIRST | {"required": ["target", "note"]}, False),
        ("backward", {"type": "object", "properties": {"target": {"type": "integer"}}}, False),
        ("warn", {"type": "object", "properties": {"target": {"type": "integer"}}}, True),
    ],
)
def test_new_version_is_taken_as_the_mode_of_the_last_one_says(api, mode, schema, taken):
    publish(api, mode=mode)

    answer = publish(api, schema, mode)

    assert answer.status_code == (200 if taken else 409)
    assert api.get(f"/v1/schemas/{TYPE}").json()["schema"]["version"] == (2 if taken else 1)
    assert SemanticSchema.objects.filter(is_active=True).count() == 1
    if not taken:
        assert refusal(answer) == (409, "schema_incompatible")
        assert answer.json()["error"]["details"]["compatibility_mode"] == mode


@pytest.mark.parametrize(("mode", "looser"), [("strict", "backward"), ("strict", "warn"), ("backward", "warn")])
def test_only_an_admin_loosens_the_mode(world, api, mode, looser):
    publish(api, mode=mode)
    world.people["cy"].memberships.update(is_admin=True)

    assert refusal(publish(api, mode=looser)) == (403, "admin_required")
    assert refusal(publish(api, mode=looser, active=False)) == (403, "admin_required")
    assert api.get(f"/v1/schemas/{TYPE}").json()["schema"]["compatibility_mode"] == mode
    assert publish(Api(token=world.tokens["cy"]), mode=looser).status_code == 200
    assert publish(api, mode=mode).status_code == 200


def test_incompatible_version_under_warn_is_taken_with_warnings(api):
    publish(api, mode="warn")

    warnings = publish(api, FIRST | {"required": ["target", "note"]}, "warn").json()["warnings"]

    assert warnings == ["Not compatible with version 1: the whole: note became required."]


def test_switching_a_schema_off_does_not_open_the_way_to_an_incompatible_one(api):
    publish(api)
    off = publish(api, active=False).json()["schema"]

    assert not off["active"]
    assert refusal(publish(api, WIDER, "warn")) == (409, "schema_incompatible")


def test_versions_are_kept_and_an_older_one_can_come_back(api):
    publish(api, mode="warn")
    publish(api, WIDER, "warn")

    back = publish(api, FIRST, "warn").json()["schema"]

    versions = api.get(f"/v1/schemas/{TYPE}").json()["schema"]["versions"]
    assert back["version"] == 1
    assert [(row["version"], row["active"]) for row in versions] == [(2, False), (1, True)]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"scope": "core"}, 403, "core_schema"),
        ({"compatibility_mode": "loose"}, 422, "schema_invalid"),
        ({"semantic_type": "Not A Type"}, 422, "schema_invalid"),
        ({"schema_json": "text"}, 422, "schema_invalid"),
        ({"schema_json": {"type": "array"}}, 422, "invalid_schema"),
        ({"schema_json": FIRST | {"$ref": "https://evil.example/s"}}, 422, "invalid_schema"),
        ({"schema_json": FIRST | {"patternProperties": {}}}, 422, "invalid_schema"),
        ({"schema_json": FIRST | {"properties": {"a": {"pattern": "(a+)+\\1"}}}}, 422, "invalid_schema"),
        ({"schema_json": FIRST | {"description": "x" * 17_000}}, 422, "invalid_schema"),
    ],
)
def test_schema_is_refused_when_it_is_beyond_the_limits(api, change, status, code):
    body = {"semantic_type": TYPE, "schema_json": FIRST, "compatibility_mode": "strict"} | change

    assert refusal(api.post("/v1/schemas", body)) == (status, code)
    assert not SemanticSchema.objects.exists()


def test_schemas_are_published_by_provisioners_and_admins_only(world):
    plain = Api(make_key(world.workspace, "plain", ("send",))[1])
    cy = Api(token=world.tokens["cy"])

    assert refusal(publish(plain)) == refusal(publish(cy)) == (403, "invalid_scope")
    world.cy.memberships.update(is_admin=True)
    assert publish(cy).json()["schema"]["owner_agent"] == "person:cy@acme.example"


def test_schema_of_another_workspace_is_404_and_binds_nobody_here(world, api):
    publish(Api(neighbours().sender_secret))

    assert refusal(api.get(f"/v1/schemas/{TYPE}")) == (404, "not_found")
    assert api.post("/v1/intents", SEND | {"payload": {}}).status_code == 200


def test_payload_that_does_not_fit_is_refused_with_the_places(world, api):
    publish(api)

    answer = api.post("/v1/intents", SEND | {"payload": {"target": 7}})

    assert refusal(answer) == (422, "schema_invalid")
    assert answer.json()["error"]["details"] == {
        "fields": {"payload.target": "must be a text"},
        "semantic_type": TYPE,
        "version": 1,
    }
    assert not Intent.objects.exists()
    assert api.post("/v1/intents", SEND | {"payload": {"target": "prod"}}).status_code == 200
    assert api.post("/v1/intents", SEND | {"intent_type": "intent.other.v1", "payload": {}}).status_code == 200


def test_payload_that_does_not_fit_is_a_warning_when_the_mode_is_warn(api):
    publish(api, mode="warn")

    answer = api.post("/v1/intents", SEND | {"payload": {}}).json()

    assert f"payload.target: is required (schema {TYPE}@1)." in answer["warnings"]
    assert Intent.objects.get().texts.warnings == answer["warnings"]


def test_payload_is_free_again_when_the_schema_is_switched_off(api):
    publish(api)
    publish(api, active=False)

    assert api.post("/v1/intents", SEND | {"payload": {}}).status_code == 200


def test_repeated_request_gets_its_first_answer_when_a_schema_came_in_between(api):
    body: dict = SEND | {"payload": {}}
    first = api.post("/v1/intents", body, HTTP_IDEMPOTENCY_KEY="k").json()
    publish(api)

    assert api.post("/v1/intents", body, HTTP_IDEMPOTENCY_KEY="k").json() == first
    assert refusal(api.post("/v1/intents", body, HTTP_IDEMPOTENCY_KEY="other")) == (422, "schema_invalid")


def test_payload_of_a_scenario_has_to_fit_as_well(world, api):
    publish(api)
    scenario = bundle(agent_task("work"), payload={"target": None})

    assert refusal(api.post("/v1/scenarios/apply", scenario)) == (422, "schema_invalid")
    checked = api.post("/v1/scenarios/validate", scenario).json()
    assert (checked["valid"], checked["errors"]) == (False, ["payload.target: must be a text"])
    assert api.post("/v1/scenarios/apply", bundle(agent_task("work"))).status_code == 200


def test_key_that_may_not_send_learns_nothing_of_the_schema(world, api):
    publish(api)
    limited = Api(make_key(world.workspace, "limited", ("send",), types=["intent.pay.*"])[1])

    assert refusal(limited.post("/v1/intents", SEND | {"payload": {}})) == (403, "type_not_allowed")


def test_publishing_enters_the_workspaces_chain(world, api):
    made = publish(api).json()["schema"]

    row = WorkspaceEntry.objects.filter(workspace=world.workspace).order_by("seq").last()
    assert (row.change, row.actor) == ("schema.published", "key:sender")
    assert details_of_entry(row)["after"]["schema_hash"] == made["schema_hash"]
