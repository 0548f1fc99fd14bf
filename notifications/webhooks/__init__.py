"""Programs that are told by HTTP: subscriptions, events, and one signed delivery of each event to each."""
