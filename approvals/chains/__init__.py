"""Escalation chains: what they say, when they are due, and how other forms of them are written as one. Pure."""
