"""What the local stack says when it cannot go on: a sentence that names what is wrong and what to do."""


class StackProblem(RuntimeError):
    """A start, stop or check of the local stack failed; its text is meant for the person at the terminal."""
