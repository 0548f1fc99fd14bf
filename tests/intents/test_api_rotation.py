"""Rotation and revocation over the wire: the same rights under a new secret, and nothing left of what was stolen."""

from datetime import timedelta

import pytest

from intents import clock
from intents.models import ApiKey, Intent, ServiceAccount, WorkspaceEntry
from intents.services.changes import details_of_entry
from tests.acts import frozen_clock
from tests.conftest import Api
from tests.factories import make_key
from tests.intents.test_api_accounts import ACCOUNTS, SENDS, VALIDATOR, owned_by, refusal
from tests.intents.test_api_keys import PING, account, keys

LIMITED = {"scopes": ["send"], "types": ["intent.infra.*"], "targets": [VALIDATOR]}


def made(api, body=SENDS, name="ci") -> tuple[str, dict]:
    path = keys(account(api, name))
    return path, api.post(path, body).json()["key"]


def rotate(api, path, key, **body):
    return api.post(f"{path}/{key['key_id']}/rotate", body)


def admin(world, name="cy") -> Api:
    world.people[name].memberships.update(is_admin=True)
    return Api(token=world.tokens[name])


def works(key) -> bool:
    return bool(Api(key["token"]).get("/v1/intents").status_code == 200)


def test_rotation_gives_the_same_rights_under_a_new_secret(world, api):
    path, old = made(api, LIMITED)

    answer = rotate(api, path, old).json()

    fresh = answer["key"]
    assert {name: fresh[name] for name in LIMITED} == LIMITED
    assert (fresh["replaces"], answer["replaced"]["status"]) == (old["key_id"], "revoked")
    assert works(fresh)
    assert not works(old)


def test_rotation_leaves_the_old_key_alive_for_its_grace(world, api):
    with frozen_clock() as time:
        path, old = made(api)
        fresh = rotate(api, path, old, grace_seconds=3600).json()["key"]

        time.shift(3599)
        assert works(old)
        time.shift(2)
        assert not works(old)
        assert works(fresh)


@pytest.mark.parametrize("grace", [-1, 24 * 3600 + 1, "3600", True])
def test_rotation_is_refused_when_the_grace_is_no_number_within_a_day(world, api, grace):
    path, old = made(api)

    assert refusal(rotate(api, path, old, grace_seconds=grace)) == (422, "schema_invalid")
    assert works(old)


def test_rotated_key_goes_on_with_what_the_old_one_sent(world, api):
    path, old = made(api)
    sent = Api(old["token"]).post("/v1/intents", PING, HTTP_IDEMPOTENCY_KEY="deploy").json()["intent_id"]
    fresh = Api(rotate(api, path, old).json()["key"]["token"])

    again = fresh.post("/v1/intents", PING, HTTP_IDEMPOTENCY_KEY="deploy").json()["intent_id"]

    assert again == sent
    assert [row["intent_id"] for row in fresh.get("/v1/intents").json()["intents"]] == [sent]
    assert fresh.post(f"/v1/intents/{sent}/controls", {"controls_patch": {"a": 1}}).status_code == 200
    assert fresh.post(f"/v1/intents/{sent}/resolve", {"status": "CANCELED"}).status_code == 200
    assert Intent.objects.get(pk=sent).status == "CANCELED"


def test_rotated_key_of_another_line_sees_nothing_of_it(world, api):
    _, old = made(api)
    sent = Api(old["token"]).post("/v1/intents", PING).json()["intent_id"]
    other_path, other = made(api, name="other")
    stranger = Api(rotate(api, other_path, other).json()["key"]["token"])

    assert stranger.get(f"/v1/intents/{sent}").status_code == 404


def test_whoever_rotates_answers_for_the_new_key_beside_the_old_owners(world):
    bos = owned_by(world, world.bo)
    path, old = made(bos)

    fresh = rotate(admin(world), path, old).json()["key"]

    assert fresh["owners"] == [world.bo.ref, world.cy.ref]
    assert fresh["made_by"] is None


def test_rotation_is_refused_when_other_people_answer_for_the_account(world, api):
    path, old = made(owned_by(world, world.bo))

    for stranger in (api, owned_by(world, world.ana)):
        assert refusal(rotate(stranger, path, old)) == (403, "not_your_account")
    assert works(old)


def test_rotation_gives_nobody_a_stronger_key_than_their_own(world):
    path, broad = made(owned_by(world, world.bo))
    narrow = make_key(
        world.workspace, "narrow", ("send", "provision"), owners=[world.bo.ref], types=["intent.infra.*"]
    )[1]

    assert refusal(rotate(Api(narrow), path, broad)) == (403, "type_not_allowed")
    before = ServiceAccount.objects.get(name="sender").keys.get()
    ServiceAccount.objects.filter(name="sender").update(owners=[world.bo.ref])
    answer = Api(narrow).post(f"{ACCOUNTS}/{before.service_account_id}/keys/{before.pk}/rotate")
    assert refusal(answer) == (403, "type_not_allowed")


def test_rotation_happens_once(world, api):
    path, old = made(api)
    fresh = rotate(api, path, old, grace_seconds=60).json()["key"]

    again = rotate(api, path, old)

    assert refusal(again) == (409, "key_rotated")
    assert again.json()["error"]["details"] == {"key_id": fresh["key_id"]}
    assert rotate(api, path, fresh).status_code == 200


def test_rotation_of_a_key_that_is_over_is_refused(world, api):
    path, old = made(api)
    api.post(f"{path}/{old['key_id']}/revoke")

    assert refusal(rotate(api, path, old)) == (409, "key_not_live")


def test_rotation_shows_its_secret_once_when_the_request_is_repeated(world, api):
    path, old = made(api)

    first, again = (
        api.post(f"{path}/{old['key_id']}/rotate", {}, HTTP_IDEMPOTENCY_KEY="k").json()["key"] for _ in range(2)
    )

    token = first.pop("token")
    assert again == first
    assert works({"token": token})


def test_rotation_of_an_old_key_without_lists_keeps_it_as_it_is(world):
    key, _ = make_key(world.workspace, "old", ("send",))

    answer = admin(world).post(f"{ACCOUNTS}/{key.service_account_id}/keys/{key.pk}/rotate").json()["key"]

    assert (answer["types"], answer["targets"]) == ([], [])


def test_revoking_ends_all_that_came_from_a_key_when_asked(world):
    bos = owned_by(world, world.bo)
    path, root = made(bos, SENDS | {"scopes": ["send", "provision"]}, "root")
    child_path, child = made(Api(root["token"]), SENDS | {"scopes": ["send", "provision"]}, "child")
    _, grandchild = made(Api(child["token"]), name="grandchild")
    replaced = rotate(bos, child_path, child).json()["key"]
    _, beside = made(bos, name="beside")

    answer = bos.post(f"{path}/{root['key_id']}/revoke", {"and_made": True}).json()

    assert {key["key_id"] for key in answer["also_revoked"]} == {grandchild["key_id"], replaced["key_id"]}
    assert [works(key) for key in (root, child, grandchild, replaced, beside)] == [False, False, False, False, True]


def test_revoking_leaves_what_a_key_made_when_not_asked(world, api):
    path, root = made(api, SENDS | {"scopes": ["send", "provision"]})
    _, child = made(Api(root["token"]), name="child")

    answer = api.post(f"{path}/{root['key_id']}/revoke").json()

    assert answer["also_revoked"] == []
    assert works(child)
    assert child["made_by"] == root["key_id"]


def test_account_has_ten_live_keys_at_most(world, api):
    path, first = made(api)
    for _ in range(9):
        assert api.post(path, SENDS).status_code == 200

    assert refusal(api.post(path, SENDS)) == (409, "too_many_keys")
    assert refusal(rotate(api, path, first, grace_seconds=60)) == (409, "too_many_keys")
    assert rotate(api, path, first).status_code == 200
    assert ApiKey.objects.filter(service_account__name="ci", revoked_at=None).count() == 10


def test_workspace_has_five_hundred_accounts_at_most(world, api):
    have = ServiceAccount.objects.count()
    ServiceAccount.objects.bulk_create(
        [ServiceAccount(workspace=world.workspace, name=f"n{at}") for at in range(500 - have)]
    )

    assert refusal(api.post(ACCOUNTS, {"name": "ci"})) == (409, "too_many_accounts")


def test_account_without_owners_is_closed_to_other_keys(world, api):
    nobodys = make_key(world.workspace, "nobodys", ("send",))[0].service_account
    own = Api(make_key(world.workspace, "nobodys", ("provision",))[1])

    assert refusal(api.post(keys(nobodys.pk), SENDS)) == (403, "not_your_account")
    assert own.post(keys(nobodys.pk), {"scopes": ["provision"]}).status_code == 200
    assert admin(world).post(keys(nobodys.pk), SENDS).status_code == 200


def test_account_without_owners_is_open_to_the_account_that_made_it(world, api):
    path, key = made(api)

    assert key["owners"] == []
    stranger = Api(make_key(world.workspace, "stranger", ("send", "provision"))[1])
    assert refusal(stranger.post(path, SENDS)) == (403, "not_your_account")


def test_admin_manages_accounts_by_their_own_token_and_no_other_person_does(world):
    cy, bo = admin(world), Api(token=world.tokens["bo"])

    made_by_cy = cy.post(ACCOUNTS, {"name": "ci", "agent_address": "release-bot"}).json()["service_account"]
    path = f"{ACCOUNTS}/{made_by_cy['service_account_id']}/keys"
    key = cy.post(path, SENDS | {"scopes": ["send", "work", "provision"]}).json()["key"]

    assert made_by_cy["owners"] == key["owners"] == [world.cy.ref]
    assert cy.get(ACCOUNTS).status_code == cy.get(path).status_code == 200
    assert refusal(bo.get(path)) == refusal(bo.post(path, SENDS)) == (403, "invalid_scope")
    assert refusal(bo.post(f"{path}/{key['key_id']}/rotate")) == (403, "invalid_scope")
    assert cy.post(f"{path}/{key['key_id']}/revoke").status_code == 200


def test_owners_are_members_that_an_admin_names(world):
    cy = admin(world)

    named = cy.post(ACCOUNTS, {"name": "ci", "owners": ["Bo@acme.example", "ana@acme.example"]})

    assert named.json()["service_account"]["owners"] == [world.cy.ref, world.bo.ref, world.ana.ref]
    stranger = cy.post(ACCOUNTS, {"name": "x", "owners": ["eve@evil.example"]})
    assert refusal(stranger) == (422, "unknown_owner")
    assert not ServiceAccount.objects.filter(name="x").exists()


def test_owners_that_are_not_the_callers_people_are_named_by_admins_only(world):
    anas = owned_by(world, world.ana)

    answer = anas.post(ACCOUNTS, {"name": "ci", "owners": ["bo@acme.example"]})

    assert refusal(answer) == (403, "admin_required")
    assert anas.post(ACCOUNTS, {"name": "ci", "owners": ["ana@acme.example"]}).status_code == 200


def test_use_of_a_key_is_noted_once_an_hour(world, api):
    with frozen_clock() as time:
        path, key = made(api)
        program = Api(key["token"])
        assert key["last_used_at"] is None

        program.get("/v1/intents")
        first = api.get(path).json()["keys"][0]["last_used_at"]
        time.shift(timedelta(minutes=59))
        program.get("/v1/intents")
        assert api.get(path).json()["keys"][0]["last_used_at"] == first == "2026-03-02T12:00:00.000Z"
        time.shift(timedelta(minutes=2))
        program.get("/v1/intents")
        assert api.get(path).json()["keys"][0]["last_used_at"] == "2026-03-02T13:01:00.000Z"


def test_what_happens_to_keys_enters_the_workspaces_chain_without_secrets(world, api):
    path, old = made(api)
    fresh = rotate(api, path, old, grace_seconds=60).json()["key"]
    api.post(f"{path}/{fresh['key_id']}/revoke")

    rows = list(WorkspaceEntry.objects.filter(workspace=world.workspace).order_by("seq"))[-5:]

    assert [(row.change, row.actor) for row in rows] == [
        ("service_account.created", "key:sender"),
        ("key.created", "key:sender"),
        ("key.rotated", "key:sender"),
        ("key.created", "key:sender"),
        ("key.revoked", "key:sender"),
    ]
    assert details_of_entry(rows[2])["id"] == old["key_id"]
    assert "expires_at" in details_of_entry(rows[2])["after"]
    assert details_of_entry(rows[3])["after"]["made_by"].startswith("sender")
    assert not any(secret["token"] in row.body for row in rows for secret in (old, fresh))


def test_a_refused_change_leaves_no_entry_in_the_chain(world, api):
    path, old = made(api)
    stranger = owned_by(world, world.ana)
    before = WorkspaceEntry.objects.count()

    rotate(stranger, path, old)
    api.post(path, {"scopes": ["send"]})

    assert WorkspaceEntry.objects.count() == before


def test_expiry_of_a_rotated_key_is_as_far_off_as_the_old_ones_was(world, api):
    soon = (clock.now() + timedelta(days=7)).isoformat()
    path, old = made(api, SENDS | {"expires_at": soon})

    fresh = rotate(api, path, old).json()["key"]

    row = ApiKey.objects.get(pk=fresh["key_id"])
    assert timedelta(days=6, hours=23) < row.expires_at - clock.now() < timedelta(days=7, hours=1)
