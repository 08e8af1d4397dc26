"""What the command line takes."""

import argparse
import os
from pathlib import Path

from cadena_verify import __version__
from cadena_verify.depth import Depth
from cadena_verify.follow import EVERY_SECONDS
from cadena_verify.report import CODES
from cadena_verify.source import TIMEOUT_SECONDS

MAX_TIMEOUT_SECONDS = 3600
MAX_JOBS = 256
EXIT_CODES = """exit codes:
  0    everything that was checked holds
  1    a defect was found; each is named with a code and a place
  2    the command, a key, a --seen or --state file, the --promises folder or the folder to save to cannot be used
  3    the log cannot be reached or read, or this program failed: nothing was decided
  130  interrupted

--seen remembers heads only after an audit without a defect."""


def _seconds(text: str) -> float:
    """A time that a socket can wait: finite, above 0, an hour at most."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= MAX_TIMEOUT_SECONDS:  # also false for nan
        raise argparse.ArgumentTypeError(f"{text} is not a number of seconds above 0 and up to {MAX_TIMEOUT_SECONDS}")
    return seconds


def _jobs(text: str) -> int:
    jobs = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 0
    if not 0 < jobs <= MAX_JOBS:
        raise argparse.ArgumentTypeError(f"{text} is not a number of processes from 1 to {MAX_JOBS}")
    return jobs


def _cores() -> int:
    """Processors that this process may use."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MAX_JOBS)


def parser() -> argparse.ArgumentParser:
    """The parser of every command."""
    plain = argparse.RawDescriptionHelpFormatter
    whole = argparse.ArgumentParser(
        "cadena-verify", description="Checks a Cadena ledger, trusting nothing but its vkey.",
        epilog=EXIT_CODES, formatter_class=plain,
    )  # fmt: skip
    whole.add_argument("--version", action="version", version=f"cadena-verify {__version__}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="log|proof|case|save")
    codes = "defects and warnings:\n" + "\n".join(f"  {code:20} {meaning}" for code, meaning in CODES.items())
    log = commands.add_parser(
        "log", help="audit a whole log; `log` may be left out", description="Audit a whole log.",
        epilog=f"{EXIT_CODES}\n\n{codes}", formatter_class=plain,
    )  # fmt: skip
    log.add_argument("where", metavar="URL|FOLDER", help="the log's URL, or a folder with the same layout")
    log.add_argument("--seen", type=Path, metavar="FILE", help="remember the heads, and demand those of earlier audits")
    log.add_argument("--state", type=Path, metavar="FILE", help="keep what was read, and go on from there next time")
    log.add_argument(
        "--follow", action="store_true", help="go on with each new head, until a defect is found or Ctrl-C ends it"
    )
    log.add_argument("--every", type=_seconds, default=EVERY_SECONDS, metavar="SECONDS", help="with --follow (5)")
    log.add_argument("--promises", type=Path, metavar="DIR", help="a folder of *.jws: each is held against the ledger")
    depth = log.add_mutually_exclusive_group()
    depth.add_argument(
        "--hashes-only", action="store_const", dest="depth", const=Depth.HASHES, default=Depth.EVENTS,
        help="check tiles, bundles, heads and signatures, but read no entry as an event (what fsck checks)",
    )  # fmt: skip
    depth.add_argument(
        "--tiles-only", action="store_const", dest="depth", const=Depth.TILES, default=Depth.EVENTS,
        help="check heads, their signatures and the tiles of hashes, which are public: no entry, no token",
    )  # fmt: skip
    log.add_argument("--jobs", type=_jobs, default=_cores(), metavar="N", help="processes (default: as many as cores)")
    proof = commands.add_parser(
        "proof", help="check one file offline against the .tlog-proof beside it",
        description="Check one file offline.", epilog=EXIT_CODES, formatter_class=plain,
    )  # fmt: skip
    proof.add_argument("file", type=Path, metavar="FILE")
    proof.add_argument("--tlog-proof", type=Path, metavar="FILE", help="the proof (default: FILE.tlog-proof)")
    case = commands.add_parser(
        "case", help="check the export of one case offline", description="Check the export of one case offline.",
        epilog=EXIT_CODES, formatter_class=plain,
    )  # fmt: skip
    case.add_argument("file", type=Path, metavar="FILE", help="as GET /v1/cases/{id}/export answers")
    save = commands.add_parser(
        "save", help="save a served log to a folder, to be checked there", description="Save a served log to a folder.",
        epilog=EXIT_CODES, formatter_class=plain,
    )  # fmt: skip
    save.add_argument("where", metavar="URL", help="the log's URL")
    save.add_argument("folder", type=Path, metavar="FOLDER", help="what is there of the log already is kept")
    save.add_argument(
        "--tiles-only", action="store_const", dest="depth", const=Depth.TILES, default=Depth.EVENTS,
        help="without the entries, which need a token",
    )  # fmt: skip
    for command in (log, save):
        command.add_argument("--bearer", metavar="TOKEN|@FILE", help="token for the entries (or CADENA_BEARER)")
        command.add_argument(
            "--timeout", type=_seconds, default=TIMEOUT_SECONDS, metavar="SECONDS", help="a request (30)"
        )
    for command in (log, proof, case):
        command.add_argument("--cosigner", metavar="VKEY|FILE", help="demand this cosigner's signature")
    for command in (log, proof, case, save):
        command.add_argument("--vkey", required=True, metavar="VKEY|FILE", help="the log's key: all that is trusted")
        command.add_argument("--json", action="store_true", help="print the report as JSON (see README)")
        command.add_argument("--quiet", action="store_true", help="print nothing but errors; the exit code tells")
    return whole
