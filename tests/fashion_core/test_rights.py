"""Who may change something when the lab has logins: in the page, its callbacks and threads, and in the layer below."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from fashion_core import rights
from fashion_core.errors import ReadOnlyError
from fashion_core.launch import actions
from fashion_core.runs import runs, tags
from tests.support import browsers
from tests.support.browsers import browser as browser  # the fixture
from tests.support.pages import written
from tests.support.places import ROOT
from ui.app import access

AUTH = {"redirect_uri": "http://127.0.0.1/oauth2callback", "cookie_secret": "x" * 32, "client_id": "lab"}
LISTED = {"is_logged_in": True, "email": "Teacher@School.example", "email_verified": True}
STRANGERS = {
    "not logged in": {},
    "logged out": {"is_logged_in": False, "email": "teacher@school.example"},
    "not listed": {"is_logged_in": True, "email": "pupil@school.example"},
    "not verified": LISTED | {"email_verified": False},
    "without an address": {"is_logged_in": True, "name": "teacher@school.example"},
}


def visit(page: str, user: dict, *, launchers: object = ("teacher@school.example",)) -> AppTest:
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=180)
    app.secrets = {"auth": AUTH, "lab": {"launchers": launchers}}
    app.user = user
    app.run()
    if page != "overview":  # streamlit's test runs this page without the entry script, whose sidebar has the control
        app.switch_page(f"pages/{page}.py").run()
    assert not app.exception, app.exception[0].message
    return app


def buttons(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


@pytest.fixture
def room(tiny_data, tiny_runs, monkeypatch):
    monkeypatch.setenv("FASHION_DATA", str(tiny_data))
    monkeypatch.setenv("FASHION_RUNS", str(tiny_runs))
    monkeypatch.delenv("FASHION_LAUNCHERS", raising=False)
    return tiny_runs


@pytest.mark.parametrize("who", STRANGERS)
def test_whoever_is_not_listed_reads_and_is_offered_no_change(room, who):
    app = visit("training", STRANGERS[who])
    forbidden = ("Train", "Stop", "Resume", "Delete", "Save", "Measure", "Settings into", "Restore")
    assert not [label for label in buttons(app) if label.startswith(forbidden)]
    assert "so no run can be started here. Results can be read." in written(app) and "report, image size 16" in str(
        app.selectbox
    )
    assert not visit("dataset", STRANGERS[who]).get("file_uploader")
    control = "Log out" if STRANGERS[who].get("is_logged_in") else "Log in"
    assert buttons(visit("overview", STRANGERS[who])) == ["Share this page", control]


def test_a_reader_sees_pictures_and_answers_but_uploads_nothing(room):
    for page in ("predict", "augmentation"):
        app = visit(page, STRANGERS["not listed"])
        assert not app.get("file_uploader") and "review copy" not in written(app)
        assert all(label not in str(app.get("button_group")) for label in ("Your own photos", "My photo"))


def test_a_listed_person_launches_and_the_callbacks_and_fragments_of_the_page_work(room, tiny_run):
    app = visit("training", LISTED)
    assert any(label.startswith("Train 40 epochs") for label in buttons(app))
    app.button(key="star").click().run()
    assert not app.exception and not app.error and tags.labels_of(tiny_run).starred
    tags.label(tiny_run, starred=False)


ASK = """
import threading
import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx
from fashion_core.launch import actions, trash
from fashion_core.runs import runs, tags
from fashion_core.errors import ReadOnlyError
from ui.app import loaders
from ui.app import navigation

navigation.configure()
run = loaders.all_runs()[0]
where = {"data_dir": loaders.data_dir(), "runs_dir": loaders.runs_dir()}

def ask(name, change):
    try:
        change()
        st.session_state[name] = "done"
    except ReadOnlyError as error:
        st.session_state[name] = str(error)

def label():
    tags.label(run, starred=False)

ask("label", label)
if st.session_state["label"] != "done":
    ask("launch", lambda: actions.start_training("tiny", run.settings, **where))
    ask("make", lambda: runs.create_run(loaders.datasets()[0], run.settings, runs_dir=where["runs_dir"]))
    ask("stop", lambda: actions.stop(run))
    ask("delete", lambda: trash.delete(run))
for name, joined in (("stray", False), ("joined", True)):
    found = []
    def work():
        try:
            label()
            found.append("done")
        except ReadOnlyError as error:
            found.append(str(error))
    thread = threading.Thread(target=work)
    if joined:
        add_script_run_ctx(thread)
    thread.start()
    thread.join()
    st.session_state[name] = found[0]
"""


def ask(user: dict, **secrets: object) -> dict[str, str]:
    app = AppTest.from_string(ASK)
    app.secrets = secrets or {"auth": AUTH, "lab": {"launchers": ["teacher@school.example"]}}
    app.user = user
    app.run()
    assert not app.exception, app.exception[0].message
    names = ("label", "launch", "make", "stop", "delete", "stray", "joined")
    return {name: app.session_state[name] for name in names if name in app.session_state}


@pytest.mark.parametrize("who", STRANGERS)
def test_the_layer_below_refuses_whoever_is_not_listed(room, who):
    before = sorted(path for path in room.rglob("*"))
    answers = ask(STRANGERS[who])
    assert len(answers) == 7 and all(", so no " in said and " here; log in" in said for said in answers.values())
    assert ("you are not on this lab's list" in answers["launch"]) is (who == "not listed")
    assert sorted(path for path in room.rglob("*")) == before


def test_a_thread_has_the_right_of_its_session_or_none(room):
    answers = ask(LISTED)
    assert (answers["label"], answers["joined"]) == ("done", "done")
    assert answers["stray"].startswith("you are not logged in, so no")


def test_without_logins_everybody_may_do_everything(room):
    assert ask({}, lab={"launchers": ["teacher@school.example"]})["label"] == "done"
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=180).run()
    assert not [label for label in buttons(app) if label.startswith("Log ")] and rights.why_not() is None


def test_a_list_in_the_environment_goes_before_the_file_and_no_list_is_nobody(room, monkeypatch):
    assert "list" in ask(LISTED, auth=AUTH)["label"]
    assert ask(LISTED, auth=AUTH, lab={"launchers": "teacher@school.example"})["label"] == "done"
    monkeypatch.setenv("FASHION_LAUNCHERS", " other@x.example, pupil@school.example ")
    assert ask(STRANGERS["not listed"])["label"] == "done" and ask(LISTED)["label"] != "done"


def test_a_secrets_file_that_cannot_be_read_trusts_nobody(room, tmp_path, monkeypatch):
    (tmp_path / "secrets.toml").write_text("[auth\n")
    monkeypatch.setattr(access.config, "get_option", lambda name: [str(tmp_path / "secrets.toml")])
    monkeypatch.setattr(access.st.secrets, "load_if_toml_exists", lambda: False)
    access.begin()
    with pytest.raises(ReadOnlyError, match="secrets.toml cannot be read, so no run can be stopped"):
        actions.stop(runs.find_run(room, "tiny-run"))


def test_what_a_login_needs_and_is_missing_is_one_sentence_with_the_command(room, monkeypatch):
    monkeypatch.setattr(access, "find_spec", lambda name: None)
    app = visit("overview", {})
    assert "authlib and httpx is missing, so nobody can log in. Run: pip install" in app.warning[0].value
    assert "Log in" not in buttons(app)


class Provider(BaseHTTPRequestHandler):
    """An OIDC provider of one person, who always consents: discovery, authorisation code, token, keys."""

    email = ""
    codes: dict[str, dict[str, str]] = {}

    def do_GET(self) -> None:
        place, asked = urlsplit(self.path).path, {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
        own = f"http://{self.headers['Host']}"
        if place == "/.well-known/openid-configuration":
            names = {"authorization": "authorize", "token": "token"}
            self.answer({"issuer": own, "jwks_uri": f"{own}/jwks"}
                        | {f"{name}_endpoint": f"{own}/{path}" for name, path in names.items()})  # fmt: skip
        elif place == "/jwks":
            self.answer({"keys": [self.server.key.as_dict(private=False)]})
        elif place == "/authorize":
            code = secrets.token_hex(8)
            self.codes[code] = asked
            self.send_response(302)
            self.send_header(
                "Location", f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
            )
            self.end_headers()

    def do_POST(self) -> None:
        from joserfc import jwt

        asked = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        known = self.codes.pop(asked["code"][0])
        now = int(time.time())
        claims = {"iss": f"http://{self.headers['Host']}", "aud": known["client_id"], "sub": "1", "iat": now,
                  "exp": now + 300, "nonce": known["nonce"], "email": self.email, "email_verified": True}  # fmt: skip
        token = jwt.encode({"alg": "RS256", "kid": self.server.key.kid}, claims, self.server.key)
        self.answer({"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token})

    def answer(self, document: dict) -> None:
        body = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def provider() -> Iterator[str]:
    from joserfc.jwk import RSAKey

    with ThreadingHTTPServer(("127.0.0.1", 0), Provider) as server:
        server.key = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.mark.browser
@browsers.pytestmark[1]
def test_a_login_through_an_oidc_provider_lets_a_listed_person_launch_and_another_read(
    tiny_data, room, provider, browser, tmp_path, monkeypatch
):
    monkeypatch.setenv("HOME", str(tmp_path))
    secret = tmp_path / ".streamlit" / "secrets.toml"
    secret.parent.mkdir()
    secret.write_text(
        '[auth]\nredirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{secrets.token_hex(16)}"\n'
        f'client_id = "lab"\nclient_secret = "s"\nserver_metadata_url = "{provider}/.well-known/openid-configuration"\n'
        '[lab]\nlaunchers = ["teacher@school.example"]\n'
    )
    with browsers.server(tiny_data, room) as address:
        for email, listed in (("pupil@school.example", False), ("teacher@school.example", True)):
            Provider.email = email
            with browsers.tab(browser) as page:
                page.goto(f"{address}/training")
                page.get_by_text("You are not logged in, so no run can be started here").wait_for(timeout=120_000)
                page.get_by_role("button", name="Log in").click()
                page.get_by_role("button", name="Log out").wait_for(timeout=120_000)
                page.goto(f"{address}/training")
                browsers.settle(page)
                page.get_by_text(email).first.wait_for(timeout=120_000)
                # a button with a help text stands twice in the page, once for phones: one of them is seen
                train = page.get_by_test_id("stBaseButton-primary").filter(visible=True)
                assert train.count() == int(listed)
                browsers.shoot(page, f"login-{'listed' if listed else 'reads'}")
                page.get_by_role("button", name="Log out").click()
                page.get_by_role("button", name="Log in").wait_for(timeout=120_000)
