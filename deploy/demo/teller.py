"""What the demo says: numbered steps in plain words, ids in full, nothing that a script could not print too."""

import time


class Teller:
    """Prints steps and what they showed; counts the seconds."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._steps = 0

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started

    def step(self, sentence: str) -> None:
        """A new step."""
        self._steps += 1
        print(f"\n{self._steps:2}. {sentence}", flush=True)

    def say(self, *lines: str) -> None:
        """What happened in it."""
        for line in lines:
            print(f"    {line}", flush=True)

    def quote(self, text: str) -> None:
        """A text as somebody else wrote it."""
        for line in text.rstrip().split("\n"):
            print(f"    │ {line}", flush=True)
