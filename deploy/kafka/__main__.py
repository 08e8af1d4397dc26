"""`python -m deploy.kafka FOLDER`: topics, users and rights of an installation; `--check` compares and changes nothing.

FOLDER holds the users' passwords, `kafka_<user>_password` each. Reads CADENA_KAFKA_… as a process does, with the
operator's login. Exit 0: all is as the table says; 1: something is missing or too much, named; 2: another usage.
Run it once before the processes, again after the brokers lost their disks, and with `--check` whenever in doubt.
"""

import sys
from pathlib import Path

from deploy.kafka.administration import Administration, Refused
from deploy.kafka.rights import RIGHTS, differences, user_of
from deploy.kafka.setup import set_up
from shared.kafka import KafkaConfig, KafkaProblem
from shared.settings import KafkaSettings, read


def main(arguments: list[str]) -> int:
    """Set up, then compare; what to exit with."""
    check, folders = "--check" in arguments, [one for one in arguments if not one.startswith("-")]
    if len(folders) != (0 if check else 1) or len(arguments) != len(folders) + check:
        print(f"usage: {__doc__}", file=sys.stderr)
        return 2
    settings = read(KafkaSettings)
    operator, prefix = KafkaConfig.of(settings), settings.topic_prefix
    try:
        if not check:
            set_up(operator, _passwords(Path(folders[0]), prefix), prefix)
            print("kafka: topics, users and rights are there")
        missing, excess = differences(Administration(operator).rules(), prefix)
    except (KafkaProblem, Refused, OSError) as error:
        print(f"kafka: not set up: {error}", file=sys.stderr)
        return 1
    for rule in missing:
        print(f"kafka: MISSING  {rule}")
    for rule in excess:
        print(f"kafka: TOO MUCH {rule}; nobody of ours needs that: take it away, or know why it is there")
    return 1 if missing or excess else 0


def _passwords(folder: Path, prefix: str) -> dict[str, str]:
    return {user_of(user, prefix): (folder / f"kafka_{user}_password").read_text().strip() for user in RIGHTS}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
