"""Rows of the approvals app."""

from approvals.models.gate import Decision, DecisionText, Gate, GateAsk, Seat
from approvals.models.person import Membership, Person, PersonalToken, SignInLink, Team
from approvals.models.policy import ApprovalSettings, Policy, PolicyVersion, Terms, Unmatched

__all__ = [
    "ApprovalSettings",
    "Decision",
    "DecisionText",
    "Gate",
    "GateAsk",
    "Membership",
    "Person",
    "PersonalToken",
    "Policy",
    "PolicyVersion",
    "Seat",
    "SignInLink",
    "Team",
    "Terms",
    "Unmatched",
]
