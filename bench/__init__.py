"""Measurements. Each module is a command that prints a table; the README quotes them with their commands."""
