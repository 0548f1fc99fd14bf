"""Rows of the approvals app."""

from approvals.models.absence import Absence, Delegation
from approvals.models.acts import Claim, Question
from approvals.models.chain import Chain, ChainVersion
from approvals.models.gate import CARRIED_OVER, Decision, DecisionText, Gate, GateAsk, Gone, Seat
from approvals.models.person import Membership, Person, PersonalToken, SignInLink, Team
from approvals.models.policy import ApprovalSettings, Policy, PolicyVersion, Terms, Unmatched
from approvals.models.schedule import Override, Schedule, ScheduleVersion

__all__ = [
    "CARRIED_OVER",
    "Absence",
    "ApprovalSettings",
    "Chain",
    "ChainVersion",
    "Claim",
    "Decision",
    "DecisionText",
    "Delegation",
    "Gate",
    "GateAsk",
    "Gone",
    "Membership",
    "Override",
    "Person",
    "PersonalToken",
    "Policy",
    "PolicyVersion",
    "Question",
    "Schedule",
    "ScheduleVersion",
    "Seat",
    "SignInLink",
    "Team",
    "Terms",
    "Unmatched",
]
