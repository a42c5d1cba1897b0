"""Five lessons: predict, run, look, explain, one question. Everything shown was trained here, by whoever opened it."""

import streamlit as st

from fashion_core.lessons import plans, progress
from ui.app import address, audience, faults, loaders, navigation, notices, subject, words
from ui.lessons import index, lesson_frame, run, teacher
from ui.lessons.lesson_frame import EXPLAIN, LOOK, PREDICT, QUESTION, RUN, STEPS

navigation.enter("lessons")
subject.settle()
asked = st.query_params.get("lesson")
if asked is not None and asked not in index.LESSONS:
    navigation.say(f"There is no lesson {words.command(asked[:60])}; these are the lessons.")
if audience.is_review():
    st.info(
        "Lessons are made for classes. Nothing here judges a model of this lab; it shows what to ask of any result.",
        icon=":material/school:",
    )
if asked not in index.LESSONS:
    index.show()
    st.stop()

# the lesson at hand
lesson = index.LESSONS[asked]
plan = plans.plan(lesson.name, lesson_frame.seed())
index.forget_step_of_another(lesson)
with st.container(horizontal=True, vertical_alignment="center"):
    st.header(lesson.title, anchor=False, width="content")
    notices.drawn_badge()
    is_teacher = teacher.pick()
asked_step = st.query_params.get("step")
with st.container(horizontal=True, vertical_alignment="center"):
    step = address.segments("Step", STEPS, key="step", width="content", quiet=True)
    st.button("All lessons", key="all lessons", icon=":material/arrow_back:", type="tertiary", on_click=index.leave)
if asked_step is not None and asked_step not in STEPS:
    navigation.say(f"There is no step {words.command(asked_step[:60])}; showing {STEPS[step][2:].lower()}.")
lesson_frame.memory(lesson.name)["seen"].add(step)
trained = progress.look(plan, loaders.runs_dir()).word == progress.FINISHED

with faults.shown():
    if step == PREDICT:
        st.markdown(lesson.story)
        st.markdown(f"### {lesson.ask}")
        settled = trained and LOOK in lesson_frame.memory(lesson.name)["seen"]
        lesson_frame.show_guesses(lesson, settled=settled)
        if lesson_frame.guess_of(lesson):
            st.markdown("Your guess stands." if settled else "That is your guess. Now find out.")
            lesson_frame.next_button(LOOK if settled else RUN, "Look again" if settled else "Go to the run")
        elif settled:
            st.markdown(":gray[You have seen the result in this session, so this is no guess any more.]")
            lesson_frame.next_button(LOOK, "Look again")
        else:
            st.markdown(":gray[Choose one before anything runs. A wrong guess teaches more than none.]")
    elif step == RUN:
        run.show(lesson, plan)
    else:
        runs = run.finished(lesson, plan)
        if runs is not None:
            found = lesson_frame.finding(plan, runs)
            shown = lesson_frame.Shown(plan=plan, runs=runs, found=found, guess=lesson_frame.guess_of(lesson))
            if step == LOOK:
                with st.container(border=True):
                    st.markdown(f"{lesson.ask}")
                    st.markdown(f"### {lesson_frame.answer_to_guess(lesson, lesson.measured(found))}")
                lesson.look(shown)
                lesson_frame.next_button(EXPLAIN, "Why is that so")
            elif step == EXPLAIN:
                for paragraph in lesson.explain(found):
                    st.markdown(paragraph, width=760)
                lesson_frame.next_button(QUESTION, "One question")
            elif step == QUESTION:
                index.show_question(lesson, found)

if is_teacher:
    st.space("small")
    with faults.shown(stop=False):
        done = progress.finished_runs(plan, loaders.runs_dir()) if trained else None
        teacher.show(lesson, step, lesson_frame.finding(plan, done) if done else None)
