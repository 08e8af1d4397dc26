"""One run: the parts in an order in which each finds what it needs, and nothing of the last one beside it."""

import shutil
import sys
import traceback
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from deploy.local.stack import Stack
from tests.bench import openloop
from tests.bench.figures import Figure, Measured
from tests.bench.parts import Rates, keepings, large, latencies, rates, recordings, sealings, verifications
from tests.bench.servers import Servers, servers
from tests.bench.sizes import Sizes
from tests.bench.tessera import Tools

WITHOUT = "Tessera's figures are missing: {why}."


class Run:
    """What is measured on servers of the run's own. `told` gets each figure as it comes."""

    def __init__(
        self, folder: Path, sizes: Sizes, tools: Tools | None, why: str, told: Callable[[Figure], None]
    ) -> None:
        self._folder, self._sizes, self._tools, self._why, self._told = folder, sizes, tools, why, told
        self._rates = Rates()
        self.parts: dict[str, Measured] = {}

    def all(self, letters: Sequence[str]) -> dict[str, Measured]:
        """The parts asked for; those that failed are missing, and what they failed by is on standard error."""
        if set(letters) - {"c"}:
            with servers(self._folder) as running:
                self.on_servers(running, letters)
        if "c" in letters:
            self._try("c", self._sealing)
        return self.parts

    def on_servers(self, running: Servers, letters: Sequence[str]) -> dict[str, Measured]:
        """The parts that need PostgreSQL and Kafka and no stack."""
        if "a" in letters:
            proving = "f" in letters
            self._try("a", lambda: self._apart(rates(running, self._sizes, self._tools, self._rates, proving)))
        elif "f" in letters:
            self._try("f", lambda: self._apart(large(running, self._sizes)))
        if "b" in letters:
            self._try("b", lambda: self._apart(latencies(running, self._sizes, self._rates)))
        if "e" in letters:
            self._try("e", lambda: self._apart(verifications(running, self._sizes, self._tools)))
        if "d" in letters:
            self._try("d", lambda: self._apart(recordings(running, self._sizes)))
        if "g" in letters:
            self._try("g", lambda: self._apart(keepings(running, self._sizes)))
        return self.parts

    def sealing(self, stack: Stack) -> None:
        """Part (c) on a stack that is up."""
        self._apart(sealings(stack, self._sizes))

    def _sealing(self) -> None:
        folder = self._folder.with_name("stack")
        shutil.rmtree(folder, ignore_errors=True)
        stack = Stack(folder)
        try:
            stack.up()
            self.sealing(stack)
        finally:
            stack.stop()
            shutil.rmtree(folder, ignore_errors=True)

    def _apart(self, part: Coroutine[Any, Any, Measured]) -> None:
        """Run it, and keep its figures under their letters."""
        found = openloop.run(part)
        for letter in dict.fromkeys(figure.part for figure in found.figures):
            figures = tuple(figure for figure in found.figures if figure.part == letter)
            lines = tuple(series for series in found.series if series.part == letter)
            bare = self._tools is None and any(one.bar and one.bar.demand == "ratio at least" for one in figures)
            remarks = (*found.remarks, *([WITHOUT.format(why=self._why)] if bare else []))
            self.parts[letter] = Measured(figures, lines, remarks)
            for figure in figures:
                self._told(figure)

    def _try(self, letter: str, measure: Callable[[], None]) -> None:
        print(f"{letter} …", flush=True)
        try:
            measure()
        except Exception:
            print(f"cadena: part {letter} could not be measured:", file=sys.stderr)
            traceback.print_exc()
