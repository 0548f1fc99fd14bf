"""Programs of others, as they would write them with the stock `axme` client; each runs as a process of its own."""
