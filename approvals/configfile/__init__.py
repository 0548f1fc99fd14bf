"""A workspace's rules as one YAML file: reading it with its lines, writing it, and what differs. Pure."""
