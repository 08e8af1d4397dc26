"""The walls of the broker."""
