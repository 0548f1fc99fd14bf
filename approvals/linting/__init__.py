"""What is odd about a list of policies, beyond what is refused: each finding is a sentence that an admin can act on."""
