"""What Slack sends us. One place verifies it; handlers only write rows and answer at once."""
