"""What a class reads beside the title of a page: its terms in a line each, and what to try. Takes a page's name.

Three lines at 1280 pixels, for below it the answer and the chart must still fit on a projector.
"""

import streamlit as st

from ui.app import audience

_STYLE = "<style>.st-key-note{border-left:3px solid light-dark(#C98A10,#F2BE4A);padding-left:.8rem}</style>"

#: page -> its terms and something to try
NOTES = {
    "overview": "**Accuracy**: the share of photos whose class is right. **[87.7, 89.1]**: an interval that holds "
    "the true value 19 times in 20 (95 %). **Try**: which of the numbers below may be compared?",
    "dataset": "**Class**: what a photo shows. **Split**: train to learn from, validation to choose with, test to "
    "judge once. **Imbalance**: largest to smallest class. **Try**: click the shortest bar. Are these enough?",
    "add_photos": "**Class folder**: a folder of photos of one kind, called after it. **Split**: folders train, val "
    "and test around them; without them photos are shared out. **Try**: two folders, twenty photos in each.",
    "augmentation": "**Augmentation**: small changes, drawn anew each time, so that the model cannot learn a photo by "
    "heart. **Epoch**: one pass over all training photos. **Try**: rotation 180. Is it still the same garment?",
    "training": "**Loss**: how wrong the model is; training lowers it. **Epoch**: one pass over the photos. "
    "**Validation**: photos it does not learn from. **Try**: when does the loss still fall but accuracy does not rise?",
    "evaluation": "**Recall**: the share of a class that is found. **Precision**: the share of a class's answers that "
    "is right. **F1** joins both; **macro**: every class counts alike. "
    "**Try**: click the red cell that stands out most.",
    "compare": "**p**: how often chance alone would show so much. **Seed**: the luck a training starts with. "
    "**Recall**: the share of a class that is found. **Try**: guess the verdict from the two accuracies first.",
    "embeddings": "**Features**: the numbers that a photo becomes inside the model; alike photos get alike numbers. "
    "**PCA**: the flat view that keeps most of their spread. **Try**: draw round two groups that touch.",
    "claims": "**Claim**: a sentence that an experiment can test. **Arm**: the models of one setting. "
    "**Cannot tell**: these data show neither. **Try**: guess each verdict before you read it.",
    "lessons": "**Every lesson**: predict, run, look, explain, and one question. **Try**: say your prediction aloud "
    "before you press the button.",
    "predict": "**Probability**: how the model divides its belief among the classes. **Calibrated**: 90 % means right "
    "nine times in ten. **Try**: a photo that fits no class. Does it say so?",
}  # fmt: skip


def show(page: str) -> None:
    """The note of a page, for a class; nothing for a reviewer, or where a page has none."""
    if page in NOTES and not audience.is_review():
        st.html(_STYLE)
        st.markdown(f":small[{NOTES[page]}]")
