"""The command open-room: the pages, for everybody in the room. It becomes the server, so that nothing outlives it."""

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from fashion_core import paths, rights
from fashion_core.cli.console import DATA_DIR, RUNS_DIR, DataDir, Json, RunsDir, answer, app, say
from fashion_core.data import datasets
from fashion_core.errors import RoomError
from fashion_core.launch import room

PAGES = paths.PROJECT_ROOT / "streamlit_app.py"


@app.command("open-room")
def open_room(
    allow_changes: Annotated[
        bool, typer.Option("--allow-changes", help="Let everybody launch, import, stop and delete, not only read.")
    ] = False,
    address: Annotated[
        str | None, typer.Option("--address", help="Open it at this address of the machine alone; at all by default.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", min=1, max=65535, help="8501 or the next free one.")] = None,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="Another name that leads here, like lab.example.org.")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = DATA_DIR,
    runs_dir: RunsDir = RUNS_DIR,
) -> None:
    """Open the pages to the other machines of this network, read-only unless told, with an address and a QR code."""
    if allow_changes and rights.is_review_copy():
        raise RoomError(f"{rights.review_copy()}, so --allow-changes cannot hold; leave it out")
    if not PAGES.exists():
        raise RoomError(f"{PAGES} is not there; run this in a copy of the whole project")
    listen, addresses = room.chosen(room.places(), address)
    names = room.hosts(addresses, host or [])
    number = room.free_port(listen, port)
    links = [f"http://{one}:{number}" for one in addresses]
    document = {
        "addresses": links,
        "port": number,
        "read_only": not allow_changes,
        "hosts": names,
        "pid": os.getpid(),
    }
    shows = sys.stdout.isatty() and os.environ.get("TERM") != "dumb" and _writes_blocks()
    answer(document, as_json, [*links, *(["", *room.qr_lines(links[0])] if shows else [])])
    _explain(listen, number, allow_changes, data_dir)
    _become(listen, number, names, allow_changes, data_dir, runs_dir)


def _writes_blocks() -> bool:
    try:
        "▀".encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _explain(listen: str, port: int, allow_changes: bool, data_dir: Path) -> None:
    """What whoever opened the room should know, on stderr."""
    if allow_changes:
        say("Whoever opens it can launch, import, stop and delete; what somebody else started asks first.")
    else:
        say("Whoever opens it can read, and change nothing (--allow-changes lets them).")
        say(f"To train meanwhile, keep a lab of your own beside it: .venv/bin/streamlit run {PAGES.name}")
        if not datasets.list_datasets(data_dir):
            say("No photos are here yet, so visitors will see none; first run: python -m fashion_core import demo")
    if listen == room.EVERY_INTERFACE and (names := room.own_names()):
        say(f"Where machines announce their names, http://{names[-1]}:{port} leads here too.")
    say("If somebody cannot reach it:")
    say("  their device must be on the same network; a guest network may keep devices apart")
    say(f"  this machine's firewall must let TCP port {port} in (Linux: ufw allow {port}/tcp; macOS asks by itself)")
    say("Ctrl-C closes the room; runs go on.")


def _become(listen: str, port: int, names: list[str], allow_changes: bool, data_dir: Path, runs_dir: Path) -> None:
    """Turn this process into the server: Ctrl-C and kill reach it, and no child can be left behind."""
    options = {
        "server.address": listen,
        "server.port": str(port),
        "server.headless": "true",
        # streamlit's own welcome asks a server on the internet for this machine's address
        "logger.hideWelcomeMessage": "true",
    }
    words = [sys.executable, "-m", "streamlit", "run", str(PAGES)]
    words += [word for name, value in options.items() for word in (f"--{name}", value)]
    words += [word for name in names for word in ("--server.allowedHosts", name)]
    environment = {**os.environ, "FASHION_DATA": str(data_dir), "FASHION_RUNS": str(runs_dir), room.VARIABLE: "1"}
    if not allow_changes:
        environment[rights.VARIABLE] = "1"
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(2, 1)  # what streamlit prints is no part of the answer
    os.chdir(paths.PROJECT_ROOT)
    # The server catches Ctrl-C, closes, and sends it to itself once more; ignored there, it ends quietly and with 0.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.execve(sys.executable, words, environment)
