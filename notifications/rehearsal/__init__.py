"""Dry runs: the real engine plays an example through, with its clock moved on by hand, and all of it is undone."""
