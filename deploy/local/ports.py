"""Free TCP ports on loopback."""

import random
import socket

LOOPBACK = "127.0.0.1"
# Below the ports that systems hand to outgoing connections (32768 and up on Linux, 49152 and up elsewhere): a server
# that is killed and started again finds its port free.
CANDIDATES = range(15_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of loopback now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def free_ports(count: int) -> list[int]:
    """`count` different ports that nobody listens on now; nothing keeps them free until they are used."""
    found: list[int] = []
    # SystemRandom: two checkouts started at the same moment must not try the same ports in the same order.
    for port in random.SystemRandom().sample(CANDIDATES, len(CANDIDATES)):
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    return found


def kept_ports(kept: dict[str, int], names: list[str]) -> dict[str, int]:
    """A port for each name: the kept one where it is still free, so that addresses survive a restart."""
    fresh = iter(free_ports(len(names)))
    return {name: kept[name] if name in kept and is_free(kept[name]) else next(fresh) for name in names}
