"""Photos that come from a browser: what is written, and what is refused before or while it comes."""

import asyncio
import json
import os

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from fashion_core import rights, storage
from fashion_core.data import uploads
from ui.app import staging, upload_body, upload_route


class Sender:
    """What the browser does, by hand."""

    def __init__(self, data_dir) -> None:
        self.data_dir = data_dir
        self.token = staging.open_for("a tab", data_dir)
        self.upload = staging.of(self.token)
        self.client = TestClient(Starlette(routes=upload_route.routes()))

    def post(self, path, body=b"", **headers):
        return self.client.post(f"/upload/{self.token}/{path}", content=body, headers=headers)

    def begin(self, name="wardrobe", files=2, num_bytes=10):
        answer = self.post("begin", json.dumps({"name": name, "files": files, "bytes": num_bytes}))
        assert answer.status_code == 200, answer.text
        return answer.json()["attempt"]

    def written(self):
        folder = self.upload.folder
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()} - {uploads.OWNER}


@pytest.fixture
def sender(tmp_path):
    yield (made := Sender(tmp_path / "data"))
    staging.leave(made.upload.folder)


def framed(path, data, size=None):
    return json.dumps({"path": path, "size": len(data) if size is None else size}).encode() + b"\n" + data


def test_a_folder_arrives_byte_by_byte_under_its_own_names_and_is_taken_once(sender):
    photos = {f"wardrobe/sárí {n}/photo {n}.jpg": os.urandom(300_000 + n) for n in range(5)}
    total = sum(len(data) for data in photos.values())
    attempt = sender.begin(files=6, num_bytes=total + 3)
    body = [framed(path, data) for path, data in photos.items()]
    assert sender.post(f"files/{attempt}", b"".join(body[:3])).status_code == 200
    assert staging.take(sender.token) is None and sender.post(f"done/{attempt}").status_code == 409
    junk = framed("wardrobe/.DS_Store", b"xyz")
    assert sender.post(f"files/{attempt}", b"".join([*body[3:], junk])).json() == {"files": 6, "bytes": total + 3}
    assert sender.post(f"done/{attempt}").json() == {"files": 5, "bytes": total}
    staged = staging.take(sender.token)
    assert (staged.name, staged.files, staged.bytes) == ("wardrobe", 5, total)
    assert {
        str(path.relative_to(staged.source.parent)): path.read_bytes()
        for path in staged.source.rglob("*")
        if path.is_file()
    } == photos
    assert staging.take(sender.token) is None, "only once"
    assert sender.post("begin", json.dumps({"name": "other", "files": 1, "bytes": 1})).status_code == 409
    assert sender.post("cancel").status_code == 204 and staged.source.is_dir(), "what is being read stays as it is"


def test_one_file_alone_is_the_source(sender):
    attempt = sender.begin("photos.zip", 1, 5)
    assert sender.post(f"files/{attempt}", framed("photos.zip", b"12345")).status_code == 200
    assert sender.post(f"done/{attempt}").status_code == 200
    assert staging.take(sender.token).source.read_bytes() == b"12345"


@pytest.mark.parametrize(
    "path",
    [
        "wardrobe/../../../evil.jpg",
        "../evil.jpg",
        "/etc/evil.jpg",
        "C:/evil.jpg",
        "wardrobe\\..\\evil.jpg",
        "wardrobe/a\x00.jpg",
        "wardrobe/a\n.jpg",
        "wardrobe/\ud800.jpg",
        "wardrobe/" + "n" * 256,
        "wardrobe/" + "d/" * 600 + "deep.jpg",
        "elsewhere/a.jpg",
        "",
        ".",
        "wardrobe",  # where its folder is to be
    ],
)
def test_a_path_that_leads_elsewhere_or_cannot_be_stored_is_refused_and_nothing_is_written(sender, path):
    attempt = sender.begin()
    sender.post(f"files/{attempt}", framed("wardrobe/good.jpg", b"good"))
    answer = sender.post(f"files/{attempt}", framed(path, b"evil"))
    assert answer.status_code in (422, 400) and answer.text.endswith(".")
    assert sender.post("state").json()["refused"] == answer.text
    assert sender.written() == {f"tree-{attempt}/wardrobe/good.jpg"}
    assert not list(sender.data_dir.parent.rglob("*evil*"))


@pytest.mark.parametrize("name", ["..", "", "a/b", "/", "a\\b", "\x07", ".", 7, None])
def test_a_name_that_is_no_name_begins_nothing(sender, name):
    answer = sender.post("begin", json.dumps({"name": name, "files": 1, "bytes": 1}))
    assert answer.status_code in (400, 422) and not sender.upload.folder.exists()


def test_without_the_token_nothing_is_written_and_a_strange_page_is_refused(sender, monkeypatch):
    asked = json.dumps({"name": "a", "files": 1, "bytes": 1})
    for token in ("x", "a" * 32, sender.upload.folder.name, "%2e%2e"):
        answer = sender.client.post(f"/upload/{token}/begin", content=asked)
        assert answer.status_code == 403, token
    assert sender.post("begin", asked, origin="https://evil.example").status_code == 403
    assert sender.post("begin", asked, origin="null").status_code == 403
    assert not sender.upload.folder.exists()
    assert sender.post("begin", asked, origin="http://testserver").status_code == 200
    assert sender.client.get(f"/upload/{sender.token}/begin").status_code == 405
    monkeypatch.setenv(rights.VARIABLE, "1")
    assert "review copy" in sender.post("begin", asked).text


def test_what_is_cut_off_is_not_there_and_what_is_sent_again_replaces_it(sender):
    attempt = sender.begin()
    sent = framed("wardrobe/a.jpg", b"first") + framed("wardrobe/b.jpg", b"sec", size=5)
    answer = sender.post(f"files/{attempt}", sent)
    assert answer.status_code == 408 and sender.written() == {f"tree-{attempt}/wardrobe/a.jpg"}
    assert sender.post("state").json()["refused"] == "", "it may be sent again"
    again = framed("wardrobe/a.jpg", b"FIRST") + framed("wardrobe/b.jpg", b"secnd")
    assert sender.post(f"files/{attempt}", again).json() == {"files": 2, "bytes": 10}
    assert sender.post(f"done/{attempt}").status_code == 200
    assert (staging.take(sender.token).source / "a.jpg").read_bytes() == b"FIRST"


def test_a_tab_that_closes_or_falls_silent_leaves_no_part_of_a_file(sender, monkeypatch):
    monkeypatch.setattr(upload_body, "WAIT_SECONDS", 0.05)
    attempt = sender.begin()
    app = Starlette(routes=upload_route.routes())
    first = {"type": "http.request", "body": framed("wardrobe/a.jpg", b"abc", size=9), "more_body": True}

    def answer_to(ending) -> int:
        coming, sent = [first], []

        async def receive():
            return coming.pop() if coming else await ending()

        async def send(message):
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": f"/upload/{sender.token}/files/{attempt}", "headers": []}
        asyncio.run(app({**scope, "query_string": b"", "root_path": ""}, receive, send))
        return sent[0]["status"]

    async def closed():
        return {"type": "http.disconnect"}

    async def silent():
        await asyncio.sleep(60)

    assert answer_to(closed) == 400 and sender.written() == set() and sender.upload.busy == 0
    assert answer_to(silent) == 408 and sender.written() == set() and sender.upload.busy == 0


def test_more_than_was_said_than_is_allowed_or_than_the_disk_holds_is_refused(sender, monkeypatch):
    attempt = sender.begin(files=1, num_bytes=4)
    assert sender.post(f"files/{attempt}", framed("wardrobe/a.jpg", b"12345")).status_code == 413
    attempt = sender.begin(files=1, num_bytes=4)
    sent = framed("wardrobe/a.jpg", b"1") + framed("wardrobe/b.jpg", b"2")
    assert sender.post(f"files/{attempt}", sent).status_code == 413
    assert sender.written() == {f"tree-{attempt}/wardrobe/a.jpg"}
    huge = {"name": "wardrobe", "files": 1, "bytes": 65 << 30}
    assert "more than 68.7 GB" in sender.post("begin", json.dumps(huge)).text
    assert "more than 200,000" in sender.post("begin", json.dumps({**huge, "files": 200_001, "bytes": 1})).text
    assert sender.post("begin", json.dumps({**huge, "bytes": -1})).status_code == 400
    assert sender.post("begin", b"[" * 100_000).status_code == 413
    monkeypatch.setattr(storage, "free_space", lambda folder: upload_route.RESERVE + 3)
    answer = sender.post(f"files/{attempt}", framed("wardrobe/a.jpg", b"1234"))
    assert answer.status_code == 507 and "free; make room there." in answer.text
    assert "free; make room there." in sender.post("begin", json.dumps({**huge, "bytes": 4})).text


def test_what_belongs_to_an_upload_that_was_ended_goes_nowhere(sender):
    first = sender.begin()
    sender.post(f"files/{first}", framed("wardrobe/old.jpg", b"old"))
    second = sender.begin("other", 1, 3)
    assert sender.post(f"files/{first}", framed("wardrobe/late.jpg", b"late")).status_code == 409
    assert sender.post(f"done/{first}").status_code == 409 and sender.written() == set()
    sender.post("cancel")
    assert sender.post(f"files/{second}", framed("other", b"abc")).status_code == 409 and sender.written() == set()
    attempt = sender.begin()
    staging.leave(sender.upload.folder)
    assert sender.post(f"files/{attempt}", framed("wardrobe/a.jpg", b"a")).status_code == 403
    assert not sender.upload.folder.exists()


def test_two_names_that_the_disk_takes_for_one_are_not_lost_silently(sender):
    attempt = sender.begin(files=2, num_bytes=10)
    sent = framed("wardrobe/A.jpg", b"12345") + framed("wardrobe/a.jpg", b"12345")
    assert sender.post(f"files/{attempt}", sent).status_code == 200
    (sender.upload.tree / "wardrobe" / "A.jpg").unlink(missing_ok=True)  # as on a disk where they are one
    answer = sender.post(f"done/{attempt}")
    assert answer.status_code == 409 and "differ only by case" in answer.text


def test_the_route_lies_below_the_base_path_of_the_server():
    from streamlit import config

    before = config.get_option("server.baseUrlPath")
    config.set_option("server.baseUrlPath", "/lab/")
    try:
        assert upload_route.address("t") == "/lab/upload/t"
        assert {route.path.split("{")[0] for route in upload_route.routes()} == {"/lab/upload/"}
    finally:
        config.set_option("server.baseUrlPath", before)
