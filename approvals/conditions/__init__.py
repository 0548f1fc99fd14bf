"""Conditions of policies, in CEL over a closed list of variables: checked when saved, bounded when they run."""
