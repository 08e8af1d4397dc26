"""The ways out: each takes a finished message and says what became of it."""
