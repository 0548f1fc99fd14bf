"""Slack's Socket Mode: what Slack sends comes through connections that we open, so it need not reach us."""
