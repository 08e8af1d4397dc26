"""The walls of the broker: which user may do what with which topic, and the tool that sets and checks it."""
