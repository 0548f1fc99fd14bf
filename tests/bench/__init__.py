"""`make bench`: how fast it is, on real servers, beside the limits of the same machine in the same run. No tests."""

POSTGRESQL = (
    "fsync=on",
    "full_page_writes=on",
    "shared_buffers=512MB",
    "max_wal_size=8GB",
    "track_commit_timestamp=on",
    "random_page_cost=1.1",
)
"""Settings of the server that is measured: durable, unlike the suite's."""
