"""The admin's forms of what is kept as JSON: from a body to fields that explain themselves, and back."""
