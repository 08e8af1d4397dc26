"""`python -m deploy.local.letters`: the mail that the sink of the running stack took, decoded, oldest first.

Mail is sent within seconds of what it is about, so this waits for the first one. For trying out: real mail leaves.
"""

import email
import email.policy
import sys
from email.message import EmailMessage
from pathlib import Path

from deploy.local.commands import CHECKOUT
from deploy.local.files import read_json
from deploy.local.problem import StackProblem
from deploy.local.waiting import wait_until

FIRST_SECONDS = 30.0


def letters(folder: Path) -> list[str]:
    """Each message as a reader sees it: sender, receiver, subject, text, and the names of what is attached."""
    shown = []
    for path in sorted(folder.glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if isinstance(message, EmailMessage):
            shown.append(_shown(message))
    return shown


def _shown(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    lines = [f"{name}: {message[name]}" for name in ("From", "To", "Date", "Subject", "Message-ID")]
    lines += [f"Attached: {part.get_filename()}" for part in message.iter_attachments()]
    return "\n".join([*lines, "", "" if body is None else body.get_content().replace("\r\n", "\n").rstrip()])


def main() -> int:
    """Print every message; 1 if nothing runs here, the mail leaves this machine, or none comes."""
    stack = read_json(CHECKOUT / "var" / "stack.json")
    folder = stack["mail"]["folder"] if stack else None
    if folder is None:
        print("No mail sink of ours runs in this checkout; start one with: make serve", file=sys.stderr)
        return 1
    try:
        found = wait_until(lambda: letters(Path(folder)), FIRST_SECONDS, "a first mail")
    except StackProblem as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"\n{'-' * 78}\n".join(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
