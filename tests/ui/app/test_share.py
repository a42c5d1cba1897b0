"""The link that is handed out: the page as it stands, for a review too, under a name by which others reach it."""

from urllib.parse import parse_qs, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

from ui.app import share


def opened(**query: str | list[str]) -> AppTest:
    """The button alone, pressed: AppTest draws the sidebar of a whole page once only."""
    app = AppTest.from_string("from ui.app import audience, share\naudience.show_switch()\nshare.show()")
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    app.button(key=share.KEY).click().run()
    assert not app.exception
    return app


def test_a_class_is_given_the_page_as_it_stands_and_the_same_for_a_review():
    app = opened(audience="class", split="val", teacher="1")
    as_seen, in_review = [block.value for block in app.code]
    assert "split=val" in as_seen and "audience=review" not in as_seen and "teacher" not in as_seen
    assert "split=val" in in_review and in_review.endswith("audience=review")
    assert any("open-room" in element.value for element in app.markdown)


def test_a_reviewer_is_given_one_link_and_no_command():
    app = opened(audience="review")
    (link,) = [block.value for block in app.code]
    assert "audience=review" in link
    assert not any("open-room" in element.value for element in app.markdown)


def test_every_one_of_several_choices_is_in_the_link():
    app = opened(audience="class", photos_class=["kurta men", "saree"])
    for block in app.code:
        assert parse_qs(urlsplit(block.value).query)["photos_class"] == ["kurta men", "saree"]


@pytest.mark.parametrize(
    ("url", "allowed", "told"),
    [
        ("http://127.0.0.1:8501/lessons", ["localhost", "127.0.0.1"], "http://127.0.0.1:8501/lessons"),
        ("http://localhost:8501/", ["192.168.1.7", "localhost", "127.0.0.1"], "http://192.168.1.7:8501/"),
        ("http://192.168.1.7:8501/", ["192.168.1.7", "lab.local"], "http://192.168.1.7:8501/"),
    ],
)
def test_the_link_names_the_lab_as_others_reach_it(url, allowed, told):
    assert share.handed_out(url, allowed) == told
