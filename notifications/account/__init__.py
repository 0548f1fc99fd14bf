"""A person's own page: how they are told, and what they can do about it."""
