"""Why the loss on validation photos lies below that on training photos, said where it does."""

import pandas as pd

from fashion_core.labels import listed
from fashion_core.runs.runs import Run
from fashion_core.settings import config
from fashion_core.settings.config import Settings
from ui.app import notices


def reasons(settings: Settings) -> list[str]:
    """What these settings do to training alone, each as it follows "in training"; never empty."""
    changed = [field for field in config.FIELDS if field.group == "augmentation"]
    told = ["the loss is the mean over an epoch, while the model still learns"]
    if any(getattr(settings, field.name) != field.off for field in changed):
        told.append("the photos are changed at random")
    if settings.dropout:
        told.append("a part of the network is hidden at every step (dropout)")
    if settings.label_smoothing:
        told.append("even a sure right answer is charged a little (label smoothing)")
    if settings.loss != "cross_entropy" or settings.sampler != "none":
        told.append("rare classes count more")
    return told


def sentence(run: Run, frame: pd.DataFrame) -> str:
    """Empty where validation lies above training after the newest epoch, or where nobody knows. ``frame``: the run's
    logged rows."""
    epochs = frame[frame["kind"] == "epoch"]
    if epochs.empty or not {"train_loss", "val_loss"} <= set(epochs):
        return ""
    train, val = epochs[["train_loss", "val_loss"]].iloc[-1]
    if not val < train:  # also where one of them is missing
        return ""
    told = reasons(run.settings)
    return (
        f"The loss on validation photos ({val:.2f}) lies below that on training photos ({train:.2f}), which is no "
        f"mistake. In training {listed(told)}; validation photos are judged as they are, once the epoch is over."
    )


def show(run: Run, frame: pd.DataFrame) -> None:
    """Below the curves."""
    if told := sentence(run, frame):
        notices.aside(told)
