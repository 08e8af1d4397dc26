"""Who a process id belongs to: ids are reused, so each is kept with the moment its process started."""

import os
import signal
import subprocess
from pathlib import Path

from deploy.local.files import read_json, write_json
from deploy.local.problem import StackProblem
from deploy.local.waiting import wait_until

KILL_DEADLINE_SECONDS = 10.0


def started(pid: int) -> str | None:
    """A text that no other process with this id can have, or None when no such process runs (a zombie does not)."""
    stat = Path(f"/proc/{pid}/stat")
    if stat.parent.parent.joinpath("self").exists():
        try:
            # The command's name stands in brackets and may hold anything: split behind the last one.
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return None if fields[0] in "ZX" else f"{boot} {fields[19]}"
    listed = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listed.stdout.strip() or None


class PidFile:
    """One process of ours, remembered across our own death."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, pid: int) -> None:
        """Remember `pid`; the process runs now."""
        write_json(self.path, {"pid": pid, "started": started(pid)})

    def living(self) -> int | None:
        """The remembered process's id if that very process still runs; StackProblem for a file that is none of ours."""
        match read_json(self.path):
            case {"pid": int(pid), "started": str(since)}:
                return pid if started(pid) == since else None
            case None | {"pid": int(), "started": None}:
                return None
        raise StackProblem(f"{self.path} does not name a process. Look at it, and remove it.")

    def clear(self) -> None:
        """Forget the process."""
        self.path.unlink(missing_ok=True)

    def end_leftover(self) -> int | None:
        """Kill the remembered process if it still runs (and only that one); its id, or None if there was none."""
        pid = self.living()
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: started(pid) is None, KILL_DEADLINE_SECONDS, f"process {pid} to end after SIGKILL")
        self.clear()
        return pid
