"""The one list of pages, how the app opens them, and how a page opens itself when reached by a cold deep link."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from fashion_core import rights
from fashion_core.data import published
from fashion_core.models import without_torch
from ui.app import access, audience, glossary, loaders, notes, people, share, subject, words

ROOT = Path(__file__).parents[2]
APP_NAME = "Vastra Lab"

# A plain weave of indigo on cotton; drawn here so that no file and no font is fetched.
_MARK = (
    "<rect width='32' height='32' rx='6' fill='#3A4A9F'/>"
    "<g fill='none' stroke='#FCFBF8' stroke-width='3' stroke-linecap='round'>"
    "<path d='M11 6v7M11 19v7M21 6v1M21 13v7'/><path d='M6 11h1M13 11h7M6 21h7M19 21h7'/></g>"
    "<path d='M21 25v1M25 11h1' stroke='#F2BE4A' stroke-width='3' stroke-linecap='round'/>"
)
LOGO = (
    "<svg xmlns='http://www.w3.org/2000/svg' width='176' height='32' viewBox='0 0 176 32'>"
    f"{_MARK}<text x='43' y='22.5' font-family='system-ui, -apple-system, Segoe UI, Roboto, sans-serif' "
    "font-size='19' font-weight='650' letter-spacing='.2' fill='#EDEFFB'>Vastra Lab</text></svg>"
)
MARK = f"<svg xmlns='http://www.w3.org/2000/svg' width='32' height='32' viewBox='0 0 32 32'>{_MARK}</svg>"

# Streamlit writes white on the primary colour; on the dark theme's pale indigo that is 2.4 : 1, with this ink 7.4 : 1.
# A button that is off keeps its ground, on which white would be white: grey ink instead, 4.9 : 1 and 6.6 : 1.
# An open popover without a border gets a darker indigo, on the dark theme 2.5 : 1; with the theme's own 7.3 : 1.
_BUTTONS = (
    "<style>button[kind^=primary],button[kind^=primary] p{color:light-dark(#FFFFFF,#13151F)}"
    "button[kind]:disabled,button[kind]:disabled p{color:light-dark(#6B6A72,#9A9DAD)}"
    "button[kind=tertiary][aria-expanded=true],button[kind=tertiary][aria-expanded=true] p"
    "{color:light-dark(#3A4A9F,#8FA0F0)}"
    # in a row with other widgets streamlit lets buttons scroll out of sight, without a sign that there are more
    "[data-testid=stButtonGroup] [role$=group]{flex-wrap:wrap;overflow:visible;row-gap:4px}"
    "[data-testid=stMain] [data-testid=stPageLink] *{white-space:normal}"  # it would cut a long link
    "[data-testid=stMain] [data-testid=stPageLink] a{position:relative;left:-.5rem}"  # flush with other words
    # how to get a number stands in one line, in a row of its own where the row is full
    "[data-testid=stHorizontalBlock]>[data-testid=stLayoutWrapper]:has(>*>[class*=st-key-reproduce])"
    "{min-width:max-content}"
    # an answer's box is as deep above as below; streamlit takes 1rem back below a text
    ".st-key-said h2,.st-key-verdict h2{padding:0 0 1.2rem}</style>"
)

# Where a picker is too small for its value, widgets.js gives it the value to write in as many lines as it takes.
_PICKERS = (
    "<style>[data-whole]{height:auto}[data-whole] input{position:absolute;inset:0 2.1rem 0 0;width:auto;height:100%}"
    "[data-whole]::before{content:attr(data-whole)/'';flex:1;min-width:0;padding:.3rem .25rem .3rem .5rem;"
    "font-size:.875rem;line-height:1.35;overflow-wrap:anywhere}"
    "[data-whole]:not(:focus-within) input{opacity:0}[data-whole]:focus-within::before{visibility:hidden}"
    # in the list each option is as high as it needs, unless the list is long and places its options itself
    "[role=listbox]>[role=option]{height:auto;min-height:2.5rem}"
    "[role=listbox]>[role=option]>div{height:auto;min-height:1.75rem;line-height:1.35;padding-block:.3rem;"
    "white-space:normal}</style>"
)
# On a phone the note of a page stands below the title, and an answer's numbers two and two.
_PHONE = (
    "<style>[data-testid=stLayoutWrapper]:has(>.st-key-note){min-width:min(100%,17rem)}@media (max-width:640px){"
    "[data-testid=stColumn]:has(>[data-testid=stVerticalBlock]>[data-testid=stLayoutWrapper]>"
    "[data-testid=stVerticalBlock]>[data-testid=stElementContainer] [data-testid=stMetric])"
    "{min-width:calc(50% - .5rem);width:calc(50% - .5rem);flex:1 1 calc(50% - .5rem)}"
    "[data-testid=stMetricValue]{font-size:1.375rem}}</style>"
)
_widgets = st.components.v2.component(
    "vastra_widgets", js=(Path(__file__).parent / "widgets.js").read_text(encoding="utf-8"), isolate_styles=False
)


@dataclass(frozen=True)
class Entry:
    """One page: its file pages/<name>.py, where it stands in the menu and the question it answers."""

    name: str
    section: str
    title: str
    icon: str
    question: str

    @property
    def path(self) -> Path:
        return ROOT / "pages" / f"{self.name}.py"


ENTRIES: tuple[Entry, ...] = (
    Entry("overview", "Start", "Overview", ":material/home:", "What is this, and what has it shown so far?"),
    Entry("lessons", "Start", "Lessons", ":material/school:", "What can go wrong, and can you see it happen?"),
    Entry("dataset", "Data", "Dataset", ":material/photo_library:", "What is in the photos, and can I trust them?"),
    Entry("add_photos", "Data", "Add photos", ":material/add_photo_alternate:", "How do my own photos get in?"),
    Entry("augmentation", "Data", "Augmentation", ":material/tune:", "What does the model really see?"),
    Entry("training", "Models", "Training", ":material/model_training:", "What is running, and is it going well?"),
    Entry("evaluation", "Models", "Evaluation", ":material/grid_on:", "How good is it, and where does it fail?"),
    Entry("compare", "Models", "Compare", ":material/difference:", "Is the difference real?"),
    Entry("claims", "Models", "Claims", ":material/fact_check:", "Does the report hold?"),
    Entry("embeddings", "Models", "Embeddings", ":material/scatter_plot:", "What has it learnt to tell apart?"),
    Entry("predict", "Use", "Predict", ":material/apparel:", "What is this garment, and how sure are we?"),
)


def leads_on(name: str) -> bool:
    """Whether the page called ``name`` has something to show here; a link to one that has not is a dead end.

    Only in a review copy: elsewhere such a page says what to do about it, and it can be done.
    """
    if not rights.is_review_copy():
        return True
    if name == "predict":
        return any(without_torch.why_not(run) is None for run in loaders.all_runs())
    # Augmentation draws with PyTorch, which a review copy does not load
    return name not in ("add_photos", "augmentation") and (name != "compare" or _can_compare())


def _can_compare() -> bool:
    """Whether two runs are here, or one and a published result over its classes."""
    runs = loaders.all_runs()
    known = {frozenset(result.classes) for result in published.every() if result.num_images}
    return len(runs) > 1 or any(frozenset(run.classes) in known for run in runs)


def entry(name: str) -> Entry:
    """The page called ``name``; a programmer's mistake otherwise."""
    return next(item for item in ENTRIES if item.name == name)


def pages() -> dict[str, list[st.Page]]:
    """Section -> pages, as ``st.navigation`` takes them. The first is the default page, whose address is ``/``.

    One that has nothing to show here is not in the menu, and says so to whoever knows its address.
    """
    sections: dict[str, list[st.Page]] = {}
    for item in ENTRIES:
        page = st.Page(
            item.path,
            title=item.title,
            icon=item.icon,
            default=item is ENTRIES[0],
            help=item.question,
            visibility="visible" if leads_on(item.name) else "hidden",
        )
        sections.setdefault(item.section, []).append(page)
    return sections


def configure(title: str = APP_NAME) -> None:
    """Tab title, icon and width, and who may do what. Must come before ``st.navigation``: without an icon of its own, a
    tab whose page has a Material icon fetches it from fonts.gstatic.com."""
    access.begin()
    people.begin()
    # Off in config.toml: a sidebar that streamlit fills with its own list has its width before ours can be said.
    st.set_option("client.showSidebarNavigation", True)
    st.set_page_config(page_title=title, page_icon=MARK, layout="wide", initial_sidebar_state=236)


def open_app() -> None:
    """Run the page that the address names. Called by the entry script only."""
    _forget_a_page_that_is_not_here()
    page = st.navigation(pages(), expanded=True)
    st.session_state["_entered"] = True
    st.logo(LOGO, size="large", icon_image=MARK)
    with st.sidebar:
        audience.show_switch()
        glossary.show_list()
        share.show()
        access.show_control()
        people.show_control()
    page.run()


def _forget_a_page_that_is_not_here() -> None:
    """Open the first page in its place and have ``enter`` say so; streamlit's own answer is a window over the page."""
    context = get_script_run_ctx(suppress_warning=True)
    asked = context.pages_manager.intended_page_name if context else None
    if not context or not asked or context.pages_manager.intended_page_script_hash:
        return
    if asked not in {item.name for item in ENTRIES[1:]}:
        context.pages_manager.set_script_intent("", "")
        if asked != ENTRIES[0].name:
            st.session_state["_no_page"] = asked


def enter(name: str) -> None:
    """First line of every page: come in through the entry script, then print the title and the page's question.

    On a server where nobody has opened ``/`` yet, a folder called pages/ makes streamlit run a deep-linked page without
    the entry script. Naming the pages and running again repairs it, query parameters included.
    """
    item = entry(name)
    if st.session_state.get("_page") != name:
        st.session_state["_page"], st.session_state["_visit"] = name, visit() + 1
    configure(f"{item.title} · {APP_NAME}")
    st.html(_BUTTONS + _PICKERS + _PHONE)
    if not st.session_state.get("_entered"):
        st.navigation(pages())
        st.rerun()
    subject.begin(name)
    with st.container(gap=None):
        with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
            with st.container(gap=None, width="content"):
                st.title(item.title, anchor=False)
                st.markdown(f":gray[{item.question}]")
            with st.container(gap=None, width="stretch", key="note"):
                notes.show(name)
                glossary.mark()
        st.session_state["_below_title"] = st.container()
        _widgets(key="widgets")
    if no_page := st.session_state.pop("_no_page", None):
        say(f"There is no page {words.command(no_page[:120])} here; showing {item.title}.")
    if asked := audience.unknown():
        say(f"Audience {words.command(asked[:120])} is not known; this is written for a {audience.chosen()}.")


def visit() -> int:
    """Counts up whenever the reader comes to a page from another one."""
    return st.session_state.get("_visit", 0)


def say(sentence: str) -> None:
    """A line below the page's title, about an address that asks for what is not here."""
    with st.session_state.get("_below_title") or st.container():  # a page without a title is a test's
        st.warning(sentence, icon=":material/link:")


def _with_subject(name: str, query: dict[str, str]) -> dict[str, str]:
    """``query`` with what is carried; Training chooses for itself what it trains on."""
    carried = {key: value for key, value in subject.carried().items() if not (name == "training" and key == "dataset")}
    return carried | query


def link(name: str, label: str | None = None, **query: str) -> None:
    """A link to another page; ``query`` is what it should open with, beside the run, dataset and split at hand.
    Nothing where that page has nothing to show."""
    if not leads_on(name):
        return
    item = entry(name)
    asked = _with_subject(name, query)
    st.page_link(item.path, label=label or item.title, icon=item.icon, query_params=asked or None, help="")


def open_page(name: str, **query: str) -> None:
    """Go to another page now, opened with ``query``; for a button, where ``link`` is for a link."""
    st.switch_page(entry(name).path, query_params=_with_subject(name, query) | audience.taken_along())


def next_step(name: str, sentence: str, **query: str) -> None:
    """The last line of a page: where the thought continues, unless it cannot continue there."""
    if not leads_on(name):
        return
    st.space("small")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(":gray[Next]", width="content")
        link(name, sentence, **query)
