"""A hundred thousand random questions, answered by both clock engines."""
