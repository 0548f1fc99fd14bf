"""What a policy's body may say: its keys, their shapes, and which of them exclude each other. Pure."""
