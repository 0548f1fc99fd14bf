"""JSON Schemas from strangers: which are taken, and values checked against them in bounded time. Nothing is fetched."""
