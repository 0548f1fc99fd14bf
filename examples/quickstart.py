"""Ask people before something happens. The client is the stock `axme` package."""

import os

from axme import AxmeClient, AxmeClientConfig

client = AxmeClient(AxmeClientConfig(base_url=os.environ["COUNTERSIGN_URL"], api_key=os.environ["COUNTERSIGN_KEY"]))
intent_id = client.send_intent(
    {
        "intent_type": "intent.infra.change_approval.v1",
        "to_agent": "agent://acme/production/infra-validator",
        "payload": {
            "change_type": "database_migration",
            "target": "prod-postgres-main",
            "migration": "add_index_users_email",
        },
    }
)
print(intent_id, flush=True)
result = client.wait_for(intent_id)
print(result["details"]["summary"])
if result["details"]["approved"]:
    print("now the change would run")
