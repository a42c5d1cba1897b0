import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ui.app.kept import kept


@dataclass(frozen=True)
class Record:
    folder: Path


def test_an_answer_is_kept_until_what_it_rests_on_changes():
    stamp, asked = [1], []

    @kept(lambda run, *_: (run, stamp[0]), max_entries=10)
    def answer(run, split, top=1):
        asked.append((run, split, top))
        return None if split == "none" else [split, top]

    first = answer("a", "val")
    assert answer("a", "val") is first, "all sessions share one"
    assert answer("a", "val", top=1) is answer(run="a", split="val") is first, "however the call is spelt"
    assert answer("a", "test") == ["test", 1] and answer("a", "val", top=5) == ["val", 5]
    assert answer("b", "none") is None is answer("b", "none")
    assert len(asked) == 4, "None is kept too"

    stamp[0] = 2
    assert answer("a", "val") is not first
    assert asked[-1] == ("a", "val", 1) and len(asked) == 5


def test_arguments_that_are_named_do_not_change_places():
    @kept(lambda *_: "one key", max_entries=10)
    def answer(left, right):
        return left, right

    assert answer(left=1, right=2) == (1, 2)
    assert answer(right=1, left=2) == (2, 1)


def test_numbers_of_numpy_tell_two_calls_apart():
    @kept(lambda *_: "one key", max_entries=10)
    def answer(number):
        return number

    for values in (np.arange(3), np.array([False, True]), np.array([0.5, 0.25], dtype=np.float32)):
        assert [answer(value) for value in values] == list(values)
        assert [answer((value, 1))[0] for value in values] == list(values)


@pytest.mark.parametrize(
    "unclear", [["a"], {"a": 1}, Path("a"), pd.DataFrame({"a": [1]}), np.arange(2), (1, ["a"]), (Record(Path("a")), 1)],
    ids=lambda unclear: type(unclear).__name__,
)  # fmt: skip
def test_an_argument_that_would_not_tell_two_calls_apart_is_refused(unclear):
    @kept(lambda *_: "one key", max_entries=10)
    def answer(record, things):
        return things

    with pytest.raises(TypeError, match="things of .*answer"):
        answer(Record(Path("a")), unclear)


def test_a_key_that_would_not_tell_two_calls_apart_is_refused():
    @kept(lambda record: record, max_entries=10)
    def answer(record):
        return record

    with pytest.raises(TypeError, match="the key of .*answer is a Record"):
        answer(Record(Path("a")))


def test_two_functions_do_not_share_though_their_source_is_the_same():
    def named(told):
        @kept(lambda *_: "one key", max_entries=10)
        def answer():
            return told

        return answer

    first, second = named("first"), named("second")
    assert (first(), second(), first()) == ("first", "second", "first")


def test_what_was_read_while_its_file_changed_is_not_kept_under_the_file_as_it_was(tmp_path: Path):
    file = tmp_path / "summary.json"
    arriving = ["the end"]

    @kept(lambda record: (str(record.folder), file.exists()), max_entries=10)
    def summary(record):
        if arriving:  # the run ends between the look at its file and the reading of it
            file.write_text(arriving.pop())
        return file.read_text() if file.exists() else None

    assert summary(Record(tmp_path)) == "the end"
    file.unlink()  # it is resumed
    assert summary(Record(tmp_path)) is None


def test_sessions_that_ask_at_once_compute_once_and_an_error_is_not_kept():
    asked, answers = [], []

    @kept(lambda *_: "one key", max_entries=10)
    def answer(number):
        asked.append(number)
        time.sleep(0.05)
        if len(asked) == 1:
            raise ValueError("the first time")
        return [number]

    with pytest.raises(ValueError, match="first time"):
        answer(7)
    threads = [threading.Thread(target=lambda: answers.append(answer(7))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 2 and all(one is answers[0] for one in answers)
