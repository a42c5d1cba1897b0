"""The app as a process of its own for a benchmark: a free port, its own folders, waited for, ended by its pid."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fashion_core.paths import PROJECT_ROOT as ROOT

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]


@contextmanager
def server(
    data: Path, runs: Path, port: int = 0, *, python: str = sys.executable, lab: Path = ROOT
) -> Iterator[tuple[str, int]]:
    """A fresh server over two folders, at any free port where none is given: its address and its pid. ``python`` of
    another environment runs the app of a ``lab``."""
    if not port:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    words = ["run", "streamlit_app.py", "--server.port", str(port), "--server.headless", "true"]
    here = {"FASHION_DATA": str(data), "FASHION_RUNS": str(runs)}
    process = subprocess.Popen(
        [python, "-m", "streamlit", *words], cwd=lab, env={**os.environ, **here}, stdout=-3, stderr=-3
    )
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2).close()
                break
            except OSError:
                assert time.monotonic() < deadline, "the server does not answer"
                time.sleep(0.05)
        yield address, process.pid
    finally:
        process.terminate()
        process.wait(20)


@contextmanager
def opened(playwright: Any, data: Path, runs: Path) -> Iterator[tuple[Any, str, int]]:
    """A fresh server and a fresh Chromium of 1280 x 800: the page, the server's address and its pid."""
    with server(data, runs) as (address, pid):
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield chromium.new_page(viewport={"width": 1280, "height": 800}), address, pid
        finally:
            chromium.close()
