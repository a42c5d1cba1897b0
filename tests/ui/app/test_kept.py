from ui.app.kept import kept


def test_an_answer_is_kept_until_what_it_rests_on_changes():
    stamp, asked = [1], []

    @kept(lambda run, *_, **__: (run, stamp[0]), max_entries=10)
    def answer(run, split, top=1):
        asked.append((run, split, top))
        return None if split == "none" else [split, top]

    first = answer("a", "val")
    assert answer("a", "val") is first, "all sessions share one"
    assert answer("a", "test") == ["test", 1] and answer("a", "val", top=5) == ["val", 5]
    assert answer("b", "none") is None is answer("b", "none")
    assert len(asked) == 4, "None is kept too"

    stamp[0] = 2
    assert answer("a", "val") is not first
    assert asked[-1] == ("a", "val", 1) and len(asked) == 5


def test_two_functions_of_one_name_do_not_share():
    def named(told):
        @kept(lambda *_: "one key", max_entries=10)
        def answer():
            return told

        return answer

    def other():
        @kept(lambda *_: "one key", max_entries=10)
        def answer():
            return "other"

        return answer

    assert named("first")() == "first" and other()() == "other"
