"""The command line: `cadena-verify [log] URL|FOLDER`, `cadena-verify proof FILE`, `case FILE`, `save URL FOLDER`."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from cadena_verify.arguments import parser
from cadena_verify.audit import Wanted, audit
from cadena_verify.case import check_case
from cadena_verify.depth import Depth
from cadena_verify.follow import follow
from cadena_verify.notes import COSIGNATURE, ED25519, NotANote, VerifierKey, parse_vkey
from cadena_verify.promises import PromisesUnusable
from cadena_verify.proof import check_proof
from cadena_verify.report import Report
from cadena_verify.save import Unwritable, save
from cadena_verify.seen import SeenUnusable
from cadena_verify.source import Source, Unreadable, open_source
from cadena_verify.verdict import verdict

OK, DEFECT, USAGE, UNREADABLE, INTERRUPTED = 0, 1, 2, 3, 130


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
    if words and words[0] not in ("log", "proof", "case", "save", "-h", "--help", "--version"):
        words.insert(0, "log")
    options = parser().parse_args(words)
    try:
        report = {"log": _audit, "proof": _proof, "case": _case, "save": _save}[options.command](options)
    except _Ended:
        return OK
    except Unreadable as error:
        return _stop(UNREADABLE, str(error), options)
    except (_Unusable, SeenUnusable, PromisesUnusable, Unwritable) as error:
        return _stop(USAGE, str(error), options)
    _show(report, options)
    return DEFECT if report.defects_total else OK


class _Ended(Exception):
    """Ctrl-C ended the following of a log in which nothing was wrong so far."""


class _Unusable(Exception):
    """An argument that cannot be used; the message is a sentence."""


def _audit(options: argparse.Namespace) -> Report:
    if options.depth is not Depth.EVENTS and options.promises:
        option = f"--{options.depth.value}-only"
        raise _Unusable(f"{option} reads no event, so it cannot judge promises: leave one of the two out.")
    if options.follow and options.promises:
        raise _Unusable("--follow judges no promises, which an audit of the whole log does: leave one of the two out.")
    wanted = Wanted(
        key=_key(options.vkey, ED25519),
        cosigner=_key(options.cosigner, COSIGNATURE) if options.cosigner else None,
        seen=options.seen,
        state=options.state,
        promises=options.promises,
        progress=not options.quiet,
        jobs=options.jobs,
        depth=options.depth,
    )
    source = open_source(options.where, _bearer(options.bearer), options.timeout)
    try:
        return _followed(source, wanted, options) if options.follow else audit(source, wanted)
    finally:
        source.close()


def _followed(source: Source, wanted: Wanted, options: argparse.Namespace) -> Report:
    """Follow until a defect is found; a line, or a JSON object in one line, for each head that holds."""
    held: list[Report] = []

    def tell(report: Report) -> None:
        held[:] = [report]
        _show(report, options)
        sys.stdout.flush()

    def complain(sentence: str) -> None:
        print(f"cadena-verify: {sentence}", file=sys.stderr, flush=True)

    try:
        return follow(source, wanted, tell, complain, options.every)
    except KeyboardInterrupt:
        if not held:
            raise
        raise _Ended from None


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


def _save(options: argparse.Namespace) -> Report:
    key = _key(options.vkey, ED25519)
    source = open_source(options.where, _bearer(options.bearer), options.timeout)
    try:
        return save(source, options.folder, key, options.depth, not options.quiet)
    finally:
        source.close()


def _show(report: Report, options: argparse.Namespace) -> None:
    if options.json:
        print(json.dumps(report.as_json(), indent=None if getattr(options, "follow", False) else 1, ensure_ascii=False))
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
