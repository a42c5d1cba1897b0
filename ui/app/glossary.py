"""The field's words in one plain sentence each, for a class: where a word first stands on a page it is underlined and
says its sentence to whoever points at it or taps it; a button in the sidebar lists all that stand there, by keyboard.

The browser looks for them in what is drawn (``glossary.js``), so that no page says which it uses. Knows no page.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from ui.app import audience

_words = st.components.v2.component(
    "vastra_glossary", js=(Path(__file__).parent / "glossary.js").read_text(encoding="utf-8"), isolate_styles=False
)


@dataclass(frozen=True)
class Term:
    """``word`` as it is listed, ``means`` in one sentence, ``forms`` as it stands on pages: regular expressions that
    Python and JavaScript read alike, whole words, small and large letters the same."""

    word: str
    means: str
    forms: str

    def stands_in(self, text: str) -> bool:
        """Whether the text holds the word."""
        return re.search(rf"\b(?:{self.forms})\b", text, re.IGNORECASE) is not None


TERMS = (
    Term("Accuracy", "The share of all photos that the model names right.", "accurac(?:y|ies)"),
    Term("Recall", "Of the photos that really show a class, the share that the model finds.", "recalls?"),
    Term(
        "Precision",
        "Of the photos that the model gives a class, the share that really shows it (as a setting: the digits of the "
        "arithmetic).",
        "precision",
    ),
    Term("F1", "One number for recall and precision together, low as soon as either is low.", "f1"),
    Term("Macro", "A mean over the classes in which each counts alike, however few photos it has.", "macro"),
    Term("Support", "How many photos of a class a score was counted on.", "support"),
    Term("Baseline", "What a rule that looks at no photo reaches, by always naming the commonest class.", "baselines?"),
    Term(
        "Confusion matrix",
        "A table with a row for each true class and a column for each answer; right answers lie on the diagonal.",
        "confusion matri(?:x|ces)|matrix",
    ),
    Term(
        "Diagonal",
        "The cells of a confusion matrix whose row and column are the same class: right answers.",
        "diagonal",
    ),
    Term("Class", "One of the kinds of things that the model can name, for instance saree.", "class(?:es)?"),
    Term("Label", "The class that people say a photo shows.", "labels?|labelled"),
    Term("Split", "One of the parts of a dataset, which are never mixed: train, validation and test.", "splits?"),
    Term("Training photos", "The photos that a model learns from.", "training photos|train photos"),
    Term(
        "Validation",
        "Photos that a model does not learn from, by which settings and the best step are chosen.",
        "validation",
    ),
    Term("Test photos", "Photos that are used once, at the end, to judge the model.", "test photos|test split"),
    Term("Imbalance", "How many photos the largest class has for each one of the smallest.", "imbalanced?"),
    Term("Long tail", "A few classes with many photos and many classes with few.", "long tails?|long-tailed"),
    Term(
        "Leak",
        "A photo that stands both among those a model learns from and among those it is judged on.",
        "leak(?:s|ed|age)?",
    ),
    Term("Epoch", "One pass over all training photos.", "epochs?"),
    Term(
        "Batch",
        "The photos that are looked at together before the model is changed once.",
        "batch(?:es|_size)?|batch size",
    ),
    Term(
        "Step", "One small change of the model, made after each batch.", r"steps?(?= (?:of|each|a|an|per)\b)|\d+ steps"
    ),
    Term("Loss", "How wrong the model's probabilities are, as one number that training brings down.", "loss(?:es)?"),
    Term("Cross-entropy", "A loss that is large where the true class was given a small probability.", "cross-entropy"),
    Term("Focal loss", "A loss that counts photos less the surer the model is of them already.", "focal(?: loss)?"),
    Term(
        "Weighted loss",
        "A loss in which a mistake on a rare class counts more than one on a common class.",
        "weighted loss|loss weights?|class weights?",
    ),
    Term(
        "Sampler",
        "What chooses the photos of each batch; a weighted one shows rare classes more often.",
        "samplers?|weighted sampling",
    ),
    Term("Class-balanced", "Shown or counted so that every class weighs the same.", "class-balanced|balanced"),
    Term(
        "Effective number",
        "How many photos of a class still bring something new; it grows more slowly than their count.",
        "effective numbers?",
    ),
    Term("Logit", "The number that a model gives a class before all become probabilities.", "logits?|logit_adjusted"),
    Term(
        "Logit adjustment",
        "A correction for rare classes: each class's number is moved by how common it was in training.",
        "logit adjustment",
    ),
    Term(
        "Softmax",
        "The formula that turns a model's numbers into probabilities that add up to 100 %.",
        "(?:balanced_)?softmax",
    ),
    Term(
        "Label smoothing",
        "Asking the model for a little less than certainty, so that it grows less sure of itself.",
        "label smoothing",
    ),
    Term("Learning rate", "How far one step changes the model.", "learning rates?"),
    Term(
        "Schedule",
        "How the learning rate rises and falls in the course of a training.",
        "schedules?|cosine schedule|one cycle|plateau",
    ),
    Term("Warm-up", "The first steps, in which the learning rate grows from almost nothing.", "warm-?up"),
    Term(
        "Optimizer",
        "The rule by which each step changes the model; Adam, AdamW and SGD are three.",
        "optimi[sz]ers?|adamw?|sgd",
    ),
    Term("Momentum", "How much of the last steps' direction is kept in the next one.", "momentum|nesterov"),
    Term(
        "Weight decay",
        "Pulling all weights a little towards zero in each step, against learning by heart.",
        "weight decay",
    ),
    Term(
        "Dropout",
        "Leaving out numbers inside the model at random while it trains, against learning by heart.",
        "dropout",
    ),
    Term(
        "Gradient",
        "In which direction, and how strongly, each weight would have to change to lower the loss.",
        "gradients?",
    ),
    Term("Weights", "The numbers inside the model that training changes.", "weights|parameters"),
    Term(
        "Average of the weights",
        "The mean of the weights over the last steps, often better than the last ones alone.",
        "average of the weights|exponential moving average|moving average|ema",
    ),
    Term("Early stopping", "Ending a training when the validation photos no longer get better.", "early stopping"),
    Term(
        "Overfitting",
        "Learning the training photos by heart, so that new photos are named worse.",
        "overfit(?:ting|s)?",
    ),
    Term(
        "Seed", "The number that all chance of a training starts from: its luck, which the same seed repeats.", "seeds?"
    ),
    Term("Twin", "A second training that differs in one setting only.", "twins?"),
    Term("Recipe", "All settings of a training together, under one name.", "recipes?"),
    Term("Pretrained", "Begun with weights that have learnt from other photos before.", "pre-?trained|imagenet"),
    Term("Fine-tuning", "Training a model further that has learnt from other photos before.", "fine-?tun(?:ed|ing)"),
    Term(
        "Convolution",
        "A layer that looks for the same small pattern everywhere in a picture.",
        "convolutions?|convolutional|cnn",
    ),
    Term("Batch norm", "A layer that brings its numbers to one scale, batch by batch.", "batch norm(?:alisation)?"),
    Term(
        "Normalisation",
        "Bringing the pixels of all photos to one scale before the model sees them.",
        "normali[sz](?:ed|ation)",
    ),
    Term(
        "Augmentation",
        "Small changes of the training photos, other ones each time, so that none is learnt by heart.",
        "augment(?:ation|ations|ed)",
    ),
    Term("MixUp", "Laying two training photos over each other, with a share of both labels.", "mixup"),
    Term("CutMix", "Setting a piece of one training photo into another, with a share of both labels.", "cutmix"),
    Term(
        "Probability",
        "How a model divides its belief among the classes; all together are 100 %.",
        "probabilit(?:y|ies)",
    ),
    Term("Calibration", "Whether answers given with 90 % are right nine times in ten.", "calibrat(?:ed|ion|e)"),
    Term(
        "Calibration error",
        "How far, on average, a model's percentages lie from how often it is right.",
        "calibration errors?|ece",
    ),
    Term(
        "Temperature",
        "One number, found on validation photos, that makes percentages more or less sure and changes no answer.",
        "temperatures?",
    ),
    Term(
        "Brier score",
        "The mean squared distance of the probabilities from what is true; 0 is best.",
        "brier(?: score)?",
    ),
    Term("Interval", "A range that holds the true value 19 times in 20 (95 %).", r"intervals?|confidence intervals?"),
    Term("Wilson", "A way to compute the interval of a share that holds with few photos too.", "wilson"),
    Term(
        "Bootstrap",
        "Finding an interval by drawing from the same photos anew, many thousand times.",
        "bootstrap(?:ped)?|drawing each class's photos anew",
    ),
    Term("n", "How many photos, or things, a number was counted on.", r"n(?= = )"),
    Term("Points", "Percentage points: from 20 % to 33 % are 13 points.", r"(?<=\d )points?|points(?= (?:of|each))"),
    Term("p", "How often chance alone would show so large a difference if there were none.", r"p(?= [=<] )"),
    Term(
        "McNemar's test",
        "Asks of two models on the same photos whether one is right more often than chance explains.",
        "mcnemar(?:'s|’s)?(?: test)?",
    ),
    Term(
        "Holm",
        "A stricter threshold where many classes are tested at once, as some would differ by chance.",
        "holm|bonferroni|dunnett",
    ),
    Term("Equivalent", "So close that a difference of the size that matters to you is ruled out.", "equivalen(?:t|ce)"),
    Term("Chi-square", "A test that asks whether counts differ by more than chance explains.", "chi-square(?:d)?"),
    Term("Degrees of freedom", "How many of the counts in a test can vary by themselves.", "degrees? of freedom"),
    Term(
        "Total variation",
        "The share of photos that would have to change class to make two mixtures the same.",
        "total variation",
    ),
    Term("Standard deviation", "How far values usually lie from their mean.", "standard deviations?|deviations?"),
    Term("Variance", "How far values spread around their mean, squared.", "variances?"),
    Term(
        "Correlation",
        "How closely two lists of numbers rise and fall together, from -1 to 1; 0 is not at all.",
        "correlations?",
    ),
    Term("Tensor", "A block of numbers, as a network takes and gives it.", "tensors?"),
    Term("Arm", "The models of one setting in an experiment.", "arms?"),
    Term(
        "Confounded",
        "Two causes that always come together, so that an effect cannot be given to one of them.",
        "confound(?:ed|ers?)",
    ),
    Term("Stratified", "Drawn so that every class keeps its share.", "stratified"),
    Term(
        "Saved step",
        "The state of a training on disk, from which it can go on or be judged.",
        "saved steps?|checkpoints?",
    ),
    Term(
        "Features",
        "The numbers that a photo becomes inside the model; photos that the model finds alike have like numbers.",
        "features?",
    ),
    Term(
        "Embedding",
        "A photo's place among others by the model's features: alike photos lie near each other.",
        "embed(?:ded|ding|dings)",
    ),
    Term("PCA", "The flat view of many numbers that keeps most of their spread.", "pca|principal components?"),
    Term("t-SNE", "A flat map that keeps near photos near; gaps and sizes of groups on it mean little.", "t-?sne"),
    Term("UMAP", "A flat map that keeps near photos near and more of the large order; gaps on it mean little.", "umap"),
    Term("Perplexity", "About how many neighbours of each photo a t-SNE map minds.", "perplexity"),
    Term(
        "Cosine",
        "A measure of likeness that compares the direction of two lists of numbers; 1 is the same direction.",
        "cosine",
    ),
    Term(
        "Cluster", "A group of photos whose features are alike, found without looking at labels.", "clusters?|k-means"
    ),
    Term("Centroid", "The middle of a group.", "centroids?"),
    Term(
        "Silhouette",
        "How much nearer a photo lies to its own group than to the next one, from -1 to 1.",
        "silhouettes?",
    ),
    Term(
        "Rand index",
        "How well two ways of grouping the same photos agree; 0 is chance, 1 the same groups.",
        "(?:adjusted )?rand(?: index)?",
    ),
    Term("Grad-CAM", "A map of where in the photo the answer came from, by the model's last layers.", "grad-?cam"),
    Term("Saliency", "Which pixels the answer depends on.", "salien(?:cy|t)"),
    Term("Occlusion", "Covering parts of a photo and watching how the answer changes.", "occlu(?:sion|ded)"),
    Term(
        "Fingerprint",
        "A short text computed from files, which changes when a single byte of them does.",
        "fingerprints?",
    ),
    Term("Audit", "The search for copies, leaks, contradicting labels and odd photos.", "audit(?:s|ed)?"),
    Term("Synthetic", "Drawn by a program and not photographed.", "synthetic"),
)


_TOLD = [[term.word, term.means, term.forms] for term in TERMS]


def terms_in(text: str) -> list[Term]:
    """The words of the list that the text holds."""
    return [term for term in TERMS if term.stands_in(text)]


def show_list() -> None:
    """The button of the list, for the sidebar; nothing for a reviewer, who meets none of these words."""
    _show(listed=True)


def mark() -> None:
    """The underlines and what they say; on the page itself, for a phone draws no sidebar before it is opened."""
    _show(listed=False)


def _show(*, listed: bool) -> None:
    if not audience.is_review():
        _words(key=f"glossary {listed}", data={"listed": listed, "terms": _TOLD}, height="content")
