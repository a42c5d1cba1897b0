"""One claim on one dataset: the report's sentence, the verdict first, the numbers it rests on, and the pictures.

Takes a result (``claim_verdicts``); every name from a file is escaped. The rule and the tables are for the class.
"""

import numpy as np
import streamlit as st

from fashion_core.claims import contrasts, definitions
from fashion_core.claims.definitions import GROUPS, Claim
from fashion_core.claims.judge import CANNOT_TELL, CONTRADICTED, SUPPORTED, Result
from fashion_core.metrics import worst_classes
from fashion_core.metrics.wording import in_points, points
from fashion_core.runs.runs import Run
from ui.app import address, audience, navigation, notices, words
from ui.charts.claims import Row, arms
from ui.charts.components import cluster_matrix, scree
from ui.claims import numbers, tables
from ui.claims.places import HERE, Known
from ui.shared import bounded, plain_words
from ui.shared.answer import answer
from ui.shared.plot import plot

BADGES = {
    SUPPORTED: ("Supported", ":material/check_circle:", "green"),
    CONTRADICTED: ("Contradicted", ":material/cancel:", "red"),
    CANNOT_TELL: ("Cannot tell", ":material/question_mark:", "gray"),
}
OPEN = ("Not run yet", ":material/radio_button_unchecked:", "gray")
PLAIN = {
    SUPPORTED: "Yes, on these photos it holds.",
    CONTRADICTED: "No, on these photos it does not hold.",
    CANNOT_TELL: "These runs cannot settle it.",
}


FITS = 60  # letters of a title that stand beside "drawn data" at 1280 pixels
_TO_THE_LEFT = (
    "<style>.st-key-claims button{justify-content:flex-start;text-align:left;padding:2px 0}"
    ".st-key-claims button *{justify-content:flex-start;text-align:left}</style>"
)


def badge_of(known: Known) -> tuple[str, str, str]:
    """Words, icon and colour of where the claim stands."""
    if known.result:
        return BADGES[known.result.word]
    if known.plan and known.plan.refused:
        return ("Not possible here", ":material/block:", "gray")
    if known.plan and known.plan.running:
        return ("Running", ":material/play_circle:", "blue")
    if known.plan and known.plan.finished:
        return ("Ready", ":material/check_circle:", "blue")
    return OPEN


def show_list(known: dict[str, Known], chosen: str) -> None:
    """Every claim with where it stands; a click opens it."""
    st.html(_TO_THE_LEFT)
    with st.container(gap="xxsmall", key="claims"):
        for name, one in known.items():
            label, icon, colour = badge_of(one)
            told = f"**{one.claim.sentence}**" if name == chosen else one.claim.sentence
            st.button(
                f":{colour}[{icon} {label}] {told}", key=f"open {name}", type="tertiary", on_click=address.choose,
                kwargs={"claim": name}, help=one.claim.question,
            )  # fmt: skip


def show_claim(claim: Claim) -> None:
    """The report's sentence, and what it is about."""
    with st.container(gap=None):
        st.markdown(f"## “{claim.sentence}”")
        notices.aside(claim.question)


def show_open(known: Known) -> None:
    """A claim without a verdict: what would be here, and the rule."""
    if known.plan and known.plan.running:
        told = "Its models are being trained. Here its verdict will stand, with the models behind it."
    elif known.plan and known.plan.refused:
        told = f"It cannot be put to the test on these photos: {words.plain(known.plan.refused)}."
    else:
        told = "It has not been run on these photos yet. Here its verdict would stand, with the models behind it."
    notices.empty(told)
    st.markdown(f"**The rule, fixed before any result was seen.** {words.plain(known.claim.rule)}")


def show(known: Known, runs: dict[str, Run]) -> None:
    """Everything about a claim that has a verdict."""
    result = known.result
    assert result is not None, "the page asks for a verdict first"
    _verdict(known, result)
    answer(numbers.numbers_of(result), in_review=lambda: _say_in_review(result))
    _pictures(result)
    if not audience.is_review():
        notices.aside(result.claim.pictures)
        st.markdown(words.plain(_told(result)))
        kept = "" if known.source == HERE else " The runs themselves are not on this machine."
        notices.aside(words.plain(" ".join(result.notes) + kept))
    st.markdown(f"**Why it matters.** {result.claim.why}")
    if not audience.is_review():
        tables.show_tables(result)
        tables.show_classes(result)
    _links(result, runs)


def _say_in_review(result: Result) -> None:
    """What was seen in plain words, and what it does not say."""
    *seen, tried = plain_words.claim(result)
    for sentence in seen:
        st.markdown(words.plain(sentence))
    notices.aside(f"{tried} Other photos or a longer training can turn it.")


def _told(result: Result) -> str:
    """The verdict's sentence without its word, which the badge says."""
    return result.sentence.removeprefix(f"{words.capital(result.word)}. ")


def _verdict(known: Known, result: Result) -> None:
    label, icon, colour = BADGES[result.word]
    with st.container(border=True, key="verdict", gap=None):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(label, icon=icon, color=colour)
            st.markdown(f"**{PLAIN[result.word]}**")
        notices.aside(_where(known, result))


def _where(known: Known, result: Result) -> str:
    found = result.evidence
    drawn = " (drawn)" if found.dataset.synthetic else ""  # what that means, the badge and the notes say
    name = f"{words.plain(found.dataset.name)}{drawn}"
    if known.source == HERE:
        return f"From the runs of this machine on {name}."
    date = words.plain(found.about.get("date", "an unknown day"))
    return f"From results that came with the lab, reached on {name}, {date}."


def _pictures(result: Result) -> None:
    drawn = result.evidence.dataset.synthetic
    if result.claim.kind == GROUPS:
        _group_pictures(result, drawn)
        return
    measure = result.claim.measures[0]
    deciding = {name for one in result.comparisons if one.decides for name in (one.first, one.second)}
    bases = {one.first for one in result.comparisons if one.decides}
    base = next(iter(bases)) if len(bases) == 1 else None
    rows, plain = [], audience.is_review()
    for arm in result.arms:
        if plain and deciding and arm.name not in deciding:
            continue  # a reviewer sees what the verdict rests on
        role = "base" if arm.name == base else "judged" if arm.name in deciding or not deciding else "beside"
        rows.append(Row(name=words.capital(arm.words), values=arm.values[measure],
                        mean=arm.spreads[measure].mean.within(0, 1), role=role))  # fmt: skip
    band = None
    if result.run_to_run:
        half = result.run_to_run.reported / 2
        band = rows[0].mean.value - half, rows[0].mean.value + half
    unit = words.capital(contrasts.measure_words(measure, result.evidence))
    if plain:
        unit = f"Share of {plain_words.FOUND[measure].replace(' are ', ' that are ')}"
    title = _finding(result)
    plot(
        arms(rows, unit=f"{unit}, {result.evidence.split} photos", title=title, drawn=drawn, band=band),
        key="arms",
        alt=" ".join([f"{title}.", *plain_words.claim(result)]) if plain else f"{title}. {result.sentence}",
        height=92 + 50 * len(rows),
    )


def _unit() -> str:
    """What a difference of two shares is counted in."""
    return audience.told(classroom="points", review="of 100")


def _finding(result: Result) -> str:
    """The chart's title: what it shows of the claim."""
    if result.run_to_run:
        found = result.arms[0].spreads[definitions.ACCURACY]
        span = points(found.highest - found.lowest, False)
        return f"{found.mean.n} runs span {span} {_unit()}, the report's span 7"
    deciding = [one for one in result.comparisons if one.decides]
    most = max(deciding, key=lambda one: abs(one.difference.value))
    arm = result.claim.arm
    first, second = (arm(name).words.partition(",")[0] for name in (most.first, most.second))
    told = in_points(most.difference).replace("points", _unit())
    whole = f"{words.capital(second)}: {told} against {first}"
    if len(whole) <= FITS:
        return whole
    one_base = len({one.first for one in deciding}) == 1  # then the dashed line says against what
    return f"{words.capital(second)}: {told}" if one_base else f"{told} against {first}"


def _group_pictures(result: Result, drawn: bool) -> None:
    one = result.evidence.features[0]
    left, right = st.columns(2, gap="small")  # half of the page holds either title at 1280 pixels
    matrix = np.array(one["matrix"])
    places = worst_classes.worst(matrix) if bounded.is_large(len(matrix)) else list(range(len(matrix)))
    height = 190 + 15 * len(places)
    with left:
        share = words.percent(float(np.trace(matrix) / matrix.sum()))
        plot(
            cluster_matrix(
                matrix, one["classes"], title="Clusters and classes", drawn=drawn, narrow=True, places=places
            ),
            key="clusters",
            alt=f"Photos by cluster and class; {share} lie on the diagonal",
            height=height,
        )
    with right:
        shares, chance = np.array(one["shares"]), np.array(one["chance_shares"])
        title = f"{one['axes_beyond_chance']} axes beat chance"
        beyond = min(one["axes_beyond_chance"], len(shares))
        plot(
            scree(shares, chance, beyond=beyond, title=title, drawn=drawn),
            key="axes",
            alt=f"Share of the variance by principal axis. {title}.",
            height=height,
        )
    notices.aside(f"Shown: the model of seed {one['seed']}, and the first {len(shares)} axes.")


def _links(result: Result, runs: dict[str, Run]) -> None:
    """To the Compare page, for the pairs whose runs are here."""
    pairs = {}
    for one in result.comparisons:
        if one.decides:
            found = [_side(result, name, runs) for name in (one.first, one.second)]
            if all(found):
                pairs[(one.first, one.second)] = found
    for (first, second), (one, other) in pairs.items():
        arm = result.claim.arm
        label = f"Compare {arm(second).words} with {arm(first).words}, photo by photo"
        navigation.link("compare", label, first=one, second=other, split=result.evidence.split)


def _side(result: Result, name: str, runs: dict[str, Run]) -> str:
    """The group of an arm's models where they are one and all of it, else its first run; empty when it is not here."""
    ids = result.evidence.arms[name].run_ids
    if result.claim.arm(name).after or not all(run_id in runs for run_id in ids):
        return ""
    groups = {runs[run_id].record.group for run_id in ids}
    group = next(iter(groups))
    if len(groups) == 1 and group:
        members = {run.id for run in runs.values() if run.record.group == group}
        if members == set(ids):
            return group.id
    return ids[0]
