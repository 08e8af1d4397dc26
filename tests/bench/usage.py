"""What processes have used, as Linux tells it in /proc: CPU and memory, of one and of its children."""

import os
from pathlib import Path


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process, of its children that live, and of those that have ended."""
    ticks = sum(map(int, _stat(pid)[11:15]))
    for child in children(pid):
        try:
            ticks += sum(map(int, _stat(child)[11:13]))
        except FileNotFoundError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK")


def memory(pid: int, which: str) -> int:
    """VmRSS or VmHWM (the peak) of a process, in bytes; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{which}:")), 0)


def largest(pid: int) -> int:
    """The largest peak of a process and its children, in bytes."""
    try:
        return max(memory(one, "VmHWM") for one in [pid, *children(pid)])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def children(pid: int) -> list[int]:
    """The children that live."""
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def _stat(pid: int) -> list[str]:
    """The members of /proc/<pid>/stat from the state on: 11 to 14 are CPU ticks, own and of ended children."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
