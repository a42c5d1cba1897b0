"""How the lab is reached from other machines of one room: addresses, a free port, the names it answers to, a QR code.

Asks this machine's own list of network interfaces; sends nothing to anybody. Knows no page and starts nothing.
"""

import platform
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address

import psutil
import segno

from fashion_core.errors import RoomError, WrongUse

VARIABLE = "FASHION_ROOM"  # what the pages know by that they are open to a room
FIRST_PORT, NUM_PORTS = 8501, 20
OWN = ("localhost", "127.0.0.1")
EVERY_INTERFACE = "0.0.0.0"
#: Interfaces that lead to containers, virtual machines and tunnels; who sits in the room is on none of them.
_INNER = re.compile(r"(docker|br-|veth|virbr|vmnet|vboxnet|tun|tap|utun|wg|tailscale|zt|cni|podman|bridge|awdl|llw)")
_NAME = re.compile(
    r"(?=.{1,253}$)(\*\.)?[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*"
)


@dataclass(frozen=True)
class Place:
    """One IPv4 address of this machine and the interface that has it."""

    address: str
    interface: str

    @property
    def is_private(self) -> bool:
        """Whether nobody outside the networks that this machine is on can ask for it."""
        return not IPv4Address(self.address).is_global


def places() -> list[Place]:
    """This machine's addresses on networks that are up, those most likely to be the room's first."""
    up = {name for name, state in psutil.net_if_stats().items() if state.isup}
    found = [
        Place(entry.address, name)
        for name, entries in psutil.net_if_addrs().items()
        for entry in entries
        if name in up and entry.family == socket.AF_INET
    ]
    reachable = [place for place in found if not _is_unreachable(place.address)]
    return sorted(reachable, key=lambda place: (not place.is_private, bool(_INNER.match(place.interface))))


def _is_unreachable(address: str) -> bool:
    """Loopback, and the addresses that machines give themselves when no network gave them one."""
    return IPv4Address(address).is_loopback or IPv4Address(address).is_link_local


def chosen(found: Sequence[Place], wanted: str | None) -> tuple[str, list[str]]:
    """Where to listen, and the addresses to hand out. RoomError when there is none, or when it would not be a room.

    Without ``wanted`` the lab listens everywhere, so none of the addresses may be one that the whole internet can ask.
    """
    if wanted is not None:
        try:
            IPv4Address(wanted)
        except ValueError:
            raise WrongUse(f"--address must be an IPv4 address of this machine, got {wanted!r}") from None
        return wanted, [wanted]
    if not found:
        raise RoomError(
            "this machine is on no network, so nobody else could reach it; join the room's network and run this again"
        )
    if public := [place.address for place in found if not place.is_private]:
        raise RoomError(
            f"this machine's address {public[0]} can be asked for from outside the room; say at which address to open "
            f"the lab, with --address {found[0].address}"
        )
    return EVERY_INTERFACE, [place.address for place in found]


def free_port(address: str, wanted: int | None) -> int:
    """``wanted`` if it is free, else the first free one from 8501 on. RoomError when it is taken, or cannot be had."""
    for port in [wanted] if wanted is not None else range(FIRST_PORT, FIRST_PORT + NUM_PORTS):
        with socket.socket() as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                one.bind((address, port))
                one.listen(1)  # without it a port that somebody listens on at one address counts as free
                return port
            except PermissionError:
                raise RoomError(f"port {port} is kept for the system; choose one from 1024 on with --port") from None
            except OSError as error:
                if _is_not_here(address):
                    raise RoomError(f"{address} is no address of this machine ({error.strerror})") from None
    if wanted is not None:
        raise RoomError(f"port {wanted} is taken by another program; leave --port out and a free one is found")
    raise RoomError(f"every port from {FIRST_PORT} to {FIRST_PORT + NUM_PORTS - 1} is taken; choose one with --port")


def _is_not_here(address: str) -> bool:
    """Whether no interface of this machine has the address, so that no port of it is free or taken."""
    with socket.socket() as one:
        try:
            one.bind((address, 0))
        except OSError:
            return True
    return False


def own_names() -> list[str]:
    """What this machine is called, bare and as machines announce themselves to a room (mDNS); none when it has no name
    that an address could have."""
    bare = platform.node().lower().removesuffix(".local")
    return [bare, f"{bare}.local"] if _NAME.fullmatch(bare) and bare != "localhost" else []


def hosts(addresses: Sequence[str], named: Sequence[str]) -> list[str]:
    """The names under which the lab answers: the addresses, this machine's own names, and those that were ``named``.

    No other: a page on the internet whose name is made to lead here reads nothing. WrongUse for what is no name.
    """
    if bad := [name for name in named if not _NAME.fullmatch(name)]:
        raise WrongUse(f"--host must be a name like lab.example.org or *.example.org, got {bad[0]!r}")
    return list(dict.fromkeys([*addresses, *own_names(), *named, *OWN]))


def qr_lines(text: str) -> list[str]:
    """A QR code as lines for a terminal: two rows of it a line, black on white whatever the terminal's own colours."""
    rows = [list(row) for row in segno.make(text, micro=False).matrix_iter(border=4)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    blocks = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    return [
        "\x1b[38;5;16;48;5;231m" + "".join(blocks[pair] for pair in zip(upper, lower, strict=True)) + "\x1b[0m"
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
