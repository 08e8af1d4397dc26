"""The command line: `cadena-verify [log] URL|FOLDER`, `cadena-verify proof FILE` and `cadena-verify case FILE`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cadena_verify import __version__
from cadena_verify.audit import Wanted, audit
from cadena_verify.case import check_case
from cadena_verify.notes import COSIGNATURE, ED25519, NotANote, VerifierKey, parse_vkey
from cadena_verify.promises import PromisesUnusable
from cadena_verify.proof import check_proof
from cadena_verify.report import CODES, Report
from cadena_verify.seen import SeenUnusable
from cadena_verify.source import TIMEOUT_SECONDS, Unreadable, open_source
from cadena_verify.verdict import verdict

MAX_TIMEOUT_SECONDS = 3600
MAX_JOBS = 256
OK, DEFECT, USAGE, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 130
EXIT_CODES = """exit codes:
  0    everything that was checked holds
  1    a defect was found; each is named with a code and a place
  2    the command, a key, the --seen file or the --promises folder cannot be used
  3    the log cannot be reached or read, or this program failed: nothing was decided
  130  interrupted

--seen remembers heads only after an audit without a defect."""


def run() -> None:
    """The program's entry point."""
    try:
        code = main(sys.argv[1:])
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("\ninterrupted: nothing was decided", file=sys.stderr)
        code = INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = UNREADABLE
    except Exception as error:
        # Python's own exit code for it would be 1, which accuses the log.
        sentence = f"unforeseen {type(error).__name__}: {error}; nothing was decided"
        print(f"cadena-verify: {sentence}. Please report this.", file=sys.stderr)
        code = UNREADABLE
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    words = list(arguments)
    if words and words[0] not in ("log", "proof", "case", "-h", "--help", "--version"):
        words.insert(0, "log")
    options = _parser().parse_args(words)
    try:
        report = {"log": _audit, "proof": _proof, "case": _case}[options.command](options)
    except Unreadable as error:
        return _stop(UNREADABLE, str(error), options)
    except (_Unusable, SeenUnusable, PromisesUnusable) as error:
        return _stop(USAGE, str(error), options)
    _show(report, options)
    return DEFECT if report.defects_total else OK


class _Unusable(Exception):
    """An argument that cannot be used; the message is a sentence."""


def _audit(options: argparse.Namespace) -> Report:
    if options.hashes_only and options.promises:
        raise _Unusable("--hashes-only reads no event, so it cannot judge promises: leave one of the two out.")
    wanted = Wanted(
        key=_key(options.vkey, ED25519),
        cosigner=_key(options.cosigner, COSIGNATURE) if options.cosigner else None,
        seen=options.seen,
        promises=options.promises,
        progress=not options.quiet,
        jobs=options.jobs,
        deep=not options.hashes_only,
    )
    source = open_source(options.where, _bearer(options.bearer), options.timeout)
    try:
        return audit(source, wanted)
    finally:
        source.close()


def _proof(options: argparse.Namespace) -> Report:
    beside = options.tlog_proof or options.file.with_name(options.file.name + ".tlog-proof")
    key = _key(options.vkey, ED25519)
    cosigner = _key(options.cosigner, COSIGNATURE) if options.cosigner else None
    return check_proof(_read(options.file), _read(beside), str(options.file), key, cosigner)


def _case(options: argparse.Namespace) -> Report:
    key = _key(options.vkey, ED25519)
    cosigner = _key(options.cosigner, COSIGNATURE) if options.cosigner else None
    try:
        with options.file.open("rb") as file:
            return check_case(file, str(options.file), key, cosigner)
    except OSError as error:
        raise _Unusable(f"{options.file} cannot be read: {error.strerror}.") from error


def _show(report: Report, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(report.as_json(), indent=1, ensure_ascii=False))
    elif not options.quiet:
        for line in report.lines():
            print(line)
        print(verdict(report))


def _stop(code: int, sentence: str, options: argparse.Namespace) -> int:
    print(f"cadena-verify: {sentence}", file=sys.stderr)
    if options.json:
        result = "unreadable" if code == UNREADABLE else "unusable"
        print(json.dumps({"result": result, "message": sentence}, ensure_ascii=False))
    return code


def _key(text_or_file: str, kind: int) -> VerifierKey:
    """A key given as its text, or as a file that holds it."""
    text = text_or_file
    try:
        if "+" not in text or Path(text).is_file():
            text = Path(text).read_text("utf-8")
        key = parse_vkey(text)
    except OSError as error:
        raise _Unusable(f"{text_or_file} is neither a vkey nor a file that holds one ({error.strerror}).") from error
    except ValueError as error:
        sentence = str(error) if isinstance(error, NotANote) else "the file is not text"
        raise _Unusable(f"{text_or_file[:80]} is no vkey: {sentence}.") from error
    if key.kind != kind:
        raise _Unusable(f"{key.name}'s key is of type {key.kind:#04x}, where {kind:#04x} was expected.")
    return key


def _bearer(given: str | None) -> str | None:
    token = given if given is not None else os.environ.get("CADENA_BEARER")
    if token and token.startswith("@"):
        token = _read(Path(token[1:])).decode("utf-8", "replace")
    token = token.strip() if token else None
    if token and not (token.isascii() and token.isprintable()):
        raise _Unusable("The bearer token holds characters that no token has.")
    return token


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _Unusable(f"{path} cannot be read: {error.strerror}.") from error


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


def _parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "cadena-verify", description="Checks a Cadena ledger, trusting nothing but its vkey.",
        epilog=EXIT_CODES, formatter_class=plain,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"cadena-verify {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="log|proof|case")
    codes = "defects and warnings:\n" + "\n".join(f"  {code:20} {meaning}" for code, meaning in CODES.items())
    log = commands.add_parser(
        "log", help="audit a whole log; `log` may be left out", description="Audit a whole log.",
        epilog=f"{EXIT_CODES}\n\n{codes}", formatter_class=plain,
    )  # fmt: skip
    log.add_argument("where", metavar="URL|FOLDER", help="the log's URL, or a folder with the same layout")
    log.add_argument("--bearer", metavar="TOKEN|@FILE", help="token for the entries (or environment CADENA_BEARER)")
    log.add_argument("--seen", type=Path, metavar="FILE", help="remember the heads, and demand those of earlier audits")
    log.add_argument("--promises", type=Path, metavar="DIR", help="a folder of *.jws: each is held against the ledger")
    log.add_argument(
        "--hashes-only", action="store_true",
        help="check tiles, bundles, heads and signatures, but read no entry as an event (what fsck checks)",
    )  # fmt: skip
    log.add_argument("--jobs", type=_jobs, default=_cores(), metavar="N", help="processes (default: as many as cores)")
    log.add_argument("--timeout", type=_seconds, default=TIMEOUT_SECONDS, metavar="SECONDS", help="per request (30)")
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
    for command in (log, proof, case):
        command.add_argument("--vkey", required=True, metavar="VKEY|FILE", help="the log's key: all that is trusted")
        command.add_argument("--cosigner", metavar="VKEY|FILE", help="demand this cosigner's signature")
        command.add_argument("--json", action="store_true", help="print the report as JSON (see README)")
        command.add_argument("--quiet", action="store_true", help="print nothing but errors; the exit code tells")
    return parser
