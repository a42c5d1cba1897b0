"""The lab for other machines: addresses, names and ports; the page for a refused host; a real room in a browser."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import segno
from starlette.responses import PlainTextResponse
from streamlit import config as streamlit_config

from fashion_core.errors import RoomError, WrongUse
from fashion_core.launch import room
from fashion_core.launch.room import Place
from tests.support.browsers import CHROMIUM, FLAGS, MISSING, free_port, healthy, wait_for
from tests.support.places import ROOT
from ui.app import door

HERE = "127.0.0.2"  # another address of this machine, which nothing outside it can reach


def interface(*addresses: str) -> list[SimpleNamespace]:
    return [SimpleNamespace(family=socket.AF_INET, address=address) for address in addresses]


def test_only_addresses_that_others_can_reach_are_handed_out_the_rooms_first(monkeypatch):
    found = {
        "lo": interface("127.0.0.1"),
        "docker0": interface("172.17.0.1"),
        "wlan0": interface("192.168.1.20"),
        "eth1": interface("10.0.0.9"),
        "usb0": interface("169.254.7.7"),
    }
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: found)
    monkeypatch.setattr(psutil, "net_if_stats", lambda: {name: SimpleNamespace(isup=name != "eth1") for name in found})
    assert [place.address for place in room.places()] == ["192.168.1.20", "172.17.0.1"]


def test_a_machine_on_no_network_says_so():
    with pytest.raises(RoomError, match="on no network"):
        room.chosen([], None)


def test_a_machine_that_the_internet_can_ask_opens_only_where_it_is_told():
    found = [Place("10.0.0.9", "eth0"), Place("8.8.4.4", "eth1")]
    with pytest.raises(RoomError, match=r"8\.8\.4\.4 .*--address 10\.0\.0\.9"):
        room.chosen(found, None)
    assert room.chosen(found, "10.0.0.9") == ("10.0.0.9", ["10.0.0.9"])
    assert room.chosen(found[:1], None) == ("0.0.0.0", ["10.0.0.9"])


def test_a_taken_port_is_said_and_without_a_wish_the_next_one_is_taken(monkeypatch):
    with socket.socket() as other:
        other.bind((HERE, 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(RoomError, match=f"port {taken} is taken"):
            room.free_port(HERE, taken)
        with pytest.raises(RoomError, match=f"port {taken} is taken"):
            room.free_port("0.0.0.0", taken)
        monkeypatch.setattr(room, "FIRST_PORT", taken)
        assert taken < room.free_port(HERE, None) < taken + room.NUM_PORTS
    with pytest.raises(RoomError, match=r"192\.0\.2\.77 is no address of this machine"):
        room.free_port("192.0.2.77", None)


def test_the_lab_answers_to_its_addresses_its_own_name_and_the_names_it_is_given_and_to_no_other(monkeypatch):
    monkeypatch.setattr(room.platform, "node", lambda: "Ashas-Laptop.local")
    names = room.hosts(["10.0.0.9"], ["lab.example.org"])
    assert names == ["10.0.0.9", "ashas-laptop", "ashas-laptop.local", "lab.example.org", "localhost", "127.0.0.1"]
    for bad in ("*", "a b", "http://lab", "lab:80", "-x"):
        with pytest.raises(WrongUse, match="--host must be a name"):
            room.hosts([], [bad])
    monkeypatch.setattr(room.platform, "node", lambda: "name with spaces")
    assert room.own_names() == []


def test_the_code_in_the_terminal_is_the_code_of_the_address_with_a_quiet_zone_and_colours_of_its_own():
    lines = room.qr_lines("http://192.168.1.20:8501")
    dark = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}
    rows = []
    for line in lines:
        painted = re.fullmatch("\x1b\\[38;5;16;48;5;231m(.*)\x1b\\[0m", line)
        assert painted, "black on white, on a dark terminal and on a light one"
        rows += [[dark[block][half] for block in painted[1]] for half in (0, 1)]
    matrix = [list(row) for row in segno.make("http://192.168.1.20:8501").matrix]
    side = len(matrix)
    assert [row[4 : 4 + side] for row in rows[4 : 4 + side]] == matrix
    assert sum(map(sum, rows)) == sum(map(sum, matrix)), "nothing but white around it"
    assert len(rows[0]) == side + 8


def ask(url: str, host: str | None = None, accept: str = "text/html") -> tuple[int, str]:
    request = urllib.request.Request(url, headers={"Accept": accept} | ({"Host": host} if host else {}))
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("host", "allowed", "said"),
    [
        ("evil.example:8501", ["10.0.0.9", "localhost"], "Open it at <a href=\"http://10.0.0.9:8501\">"),
        ("192.168.1.5:8501", ["localhost", "127.0.0.1"], "only on the machine that it runs on"),
        ("lab.example.org", ["localhost"], "--server.allowedHosts lab.example.org"),
        ("<script>alert(1)</script>", ["localhost"], "&lt;script&gt;"),
        ("", ["*.example.org"], "http://localhost:8501"),
    ],
)  # fmt: skip
def test_the_page_for_a_refused_host_names_the_address_and_for_the_owner_the_option(host, allowed, said):
    page = door.refusal(host, allowed, 8501)
    assert said in page
    assert "open-room" in page
    assert "<script" not in page


@pytest.mark.parametrize(
    ("path", "base", "link"),
    [
        ("/training/x", "", '<a href="/training">Training</a>'),
        ("/training/x/y", "lab", '<a href="/lab/training">Training</a>'),
        ("/lab/training/x", "lab", '<a href="/lab/training">Training</a>'),
        ("/overview/x", "", '<a href="/">Overview</a>'),
        ("/nowhere/<script>", "", '<a href="/">Overview</a>'),
    ],
)
def test_a_path_below_a_page_is_one_sentence_with_a_link_and_never_a_white_page(path, base, link):
    page = door.no_such_page(path, base)
    assert page is not None and link in page
    assert page.count("<a ") == 1 and "<script" not in page


@pytest.mark.parametrize("path", ["/", "/training", "/training/", "/lab/training", "/static/js/x.js", "/_stcore/health",
                                  "/app/static/plotly.min.js", "/media/x.html", "/lab/_stcore/health"])  # fmt: skip
def test_paths_that_streamlit_answers_stay_its_own(path):
    assert door.no_such_page(path, "lab" if path.startswith("/lab") else "") is None


def test_a_browser_that_asks_below_a_page_is_answered_and_a_script_that_does_is_not():
    import asyncio

    async def streamlit_answers(scope, receive, send) -> None:
        await PlainTextResponse("shell")(scope, receive, send)

    def ask(accept: str) -> tuple[int, str]:
        parts: list[dict] = []

        async def send(part: dict) -> None:
            parts.append(part)

        headers = [(b"host", b"localhost:8501"), (b"accept", accept.encode())]
        scope = {"type": "http", "method": "GET", "path": "/training/x", "headers": headers, "server": ("", 8501)}
        asyncio.run(door.Door(streamlit_answers)(scope, None, send))
        return parts[0]["status"], parts[1]["body"].decode()

    status, page = ask("text/html,*/*")
    assert status == 404 and 'Open <a href="/training">Training</a>' in page
    assert ask("*/*") == (200, "shell")


def test_the_browser_opens_at_the_start_unless_the_server_is_headless(monkeypatch):
    import asyncio

    opened: list[str] = []
    monkeypatch.setattr(door.cli_util, "open_browser", opened.append)

    async def start() -> None:
        async with door.opened(None):
            await asyncio.sleep(0)

    before = {name: streamlit_config.get_option(f"server.{name}") for name in ("headless", "address", "port")}
    try:
        for headless, address in ((True, "127.0.0.1"), (False, "127.0.0.1"), (False, "0.0.0.0")):
            streamlit_config.set_option("server.headless", headless)
            streamlit_config.set_option("server.address", address)
            asyncio.run(start())
    finally:
        for name, value in before.items():
            streamlit_config.set_option(f"server.{name}", value)
    port = before["port"]
    assert opened == [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]


@contextmanager
def opened_room(data: Path, runs: Path, *options: str) -> Iterator[tuple[dict, subprocess.Popen]]:
    """``open-room --json`` as a process of its own, and what it printed, once it answers."""
    words = ["open-room", "--address", HERE, "--port", str(free_port()), "--json", *options]
    places = {"FASHION_DATA": str(data), "FASHION_RUNS": str(runs)}
    with open(data / "room.log", "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fashion_core", *words], cwd=ROOT, env=os.environ | places,
            stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip
    try:
        document = json.loads(process.stdout.read())  # it ends where the server begins
        wait_for(lambda: healthy(document["addresses"][0]), 180, "the room to answer")
        yield document, process
    finally:
        process.kill()
        process.wait(60)
        process.stdout.close()


@pytest.fixture(scope="module")
def opened(tiny_data: Path, tiny_runs: Path):
    with opened_room(tiny_data, tiny_runs, "--host", "lab.example.org") as (document, process):
        yield document | {"process": process}


def test_the_process_that_is_started_is_the_server_so_no_other_can_be_left_behind(opened):
    assert opened["pid"] == opened["process"].pid
    assert psutil.Process(opened["pid"]).children() == []
    assert opened["read_only"] is True
    assert psutil.Process(opened["pid"]).environ()["FASHION_READ_ONLY"] == "1"


def test_a_room_serves_its_names_and_nothing_under_any_other(opened):
    address = opened["addresses"][0]
    for host in (None, "lab.example.org", "localhost:1"):
        assert ask(address, host)[0] == 200
    for path in ("", "/evaluation", "/static/index.html", "/app/static/plotly.min.js", "/_stcore/host-config"):
        status, page = ask(address + path, "evil.example")
        assert status == 403 and f'href="{address}"' in page, path
    assert ask(f"{address}/_stcore/host-config", "evil.example", "*/*") == (
        403,
        "This host is not in server.allowedHosts.",
    )
    assert ask(f"{address}/_stcore/health", "10.1.2.3")[0] == 200  # how a load balancer asks


@pytest.mark.browser
@pytest.mark.skipif(MISSING and not os.environ.get("FASHION_REQUIRE_ALL"), reason=f"no Chromium at {CHROMIUM}")
def test_another_address_paints_the_page_in_two_profiles_and_a_refused_name_one_sentence(opened):
    from playwright.sync_api import expect, sync_playwright

    address, port = opened["addresses"][0], opened["port"]
    rules = f"--host-resolver-rules=MAP lab.example.org {HERE}, MAP evil.example {HERE}"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, rules])
        for site in (address, f"http://lab.example.org:{port}"):
            page = chromium.new_context().new_page()  # a profile of its own
            page.goto(f"{site}/predict?run=tiny-run")
            expect(page.get_by_role("heading", name="Predict")).to_be_visible(timeout=120_000)
            expect(page.get_by_text("This is a review copy")).to_be_visible(timeout=120_000)
            assert not page.locator("input[type=file]").count()
        page.goto(f"http://evil.example:{port}/training")
        expect(page.get_by_role("heading", name="Vastra Lab is not open under this name")).to_be_visible(
            timeout=120_000
        )
        page.get_by_role("link", name=address).click()
        expect(page.get_by_role("heading", name="Overview")).to_be_visible(timeout=120_000)
        chromium.close()


@pytest.mark.browser
@pytest.mark.skipif(MISSING and not os.environ.get("FASHION_REQUIRE_ALL"), reason=f"no Chromium at {CHROMIUM}")
def test_in_a_room_that_works_a_name_is_kept_over_a_reload_and_ctrl_c_ends_with_0(tiny_data, tiny_run, tmp_path):
    from playwright.sync_api import expect, sync_playwright

    shutil.copytree(tiny_run.folder, tmp_path / "one")
    record = {"name": "Asha; Rao", "browser": "", "time": time.time()}
    (tmp_path / "one" / "started.json").write_text(json.dumps(record))
    with opened_room(tiny_data, tmp_path, "--allow-changes") as (document, process), sync_playwright() as playwright:
        assert document["read_only"] is False
        assert "FASHION_READ_ONLY" not in psutil.Process(process.pid).environ()
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page, other = (chromium.new_context().new_page() for _ in range(2))  # two profiles
        for one in (page, other):
            one.goto(f"{document['addresses'][0]}/training?run=one&audience=class")
        page.get_by_role("textbox", name="Your name").fill("Asha; Rao")
        page.get_by_role("textbox", name="Your name").press("Enter")
        page.wait_for_function("document.cookie.includes('vastra_name=Asha')")
        page.reload()
        expect(page.get_by_role("textbox", name="Your name")).to_have_value("Asha; Rao", timeout=120_000)
        for one, button in ((page, "Delete this run"), (other, "Delete it all the same")):
            one.get_by_role("button", name="Edit").click(timeout=120_000)
            expect(one.get_by_role("button", name=button)).to_be_visible(timeout=120_000)
        expect(other.get_by_text("Asha; Rao started this run just now.")).to_be_visible(timeout=120_000)
        other.screenshot(path=ROOT / "screenshots" / "room-anothers-run.png")
        chromium.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert "Traceback" not in (tiny_data / "room.log").read_text()


def test_a_review_copy_is_not_opened_for_changes(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "fashion_core", "open-room", "--allow-changes"],
        cwd=ROOT, env=os.environ | {"FASHION_READ_ONLY": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert "so --allow-changes cannot hold" in done.stderr
