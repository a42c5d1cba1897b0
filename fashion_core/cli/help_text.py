"""What ``--help`` groups commands by, and the examples below each: a table. Takes the command line and orders it."""

import typer
from typer.models import CommandInfo

from fashion_core.launch import interpreter

START, PHOTOS, TRAIN, RESULTS, SHARE = "Start", "Photos", "Train", "Results", "Share"

#: Group -> command -> what to type after ``python -m fashion_core``; RUN and OTHER are runs, DATASET is a dataset.
GROUPS: dict[str, dict[str, tuple[str, ...]]] = {
    START: {
        "doctor": ("doctor",),
        "lesson": ("lesson imbalance", "lesson all"),
    },
    PHOTOS: {
        "import": (
            "import photos.zip --name mine",
            "import shop/ --label articleType --group productGroup --name catalogue",
            "import shop/ --dry-run",
            "import hf:OWNER/NAME",
            "import demo",
        ),
        "datasets": ("datasets",),
        "audit": ("audit DATASET", "audit DATASET --exclude-leaks --name clean"),
        "folders": ("folders DATASET out/", "folders DATASET out/ --format hf-metadata"),
    },
    TRAIN: {
        "train": (
            "train DATASET --recipe strong",
            "train DATASET --recipe report --set epochs=1 --set image_size=64",
            "train DATASET --seeds 3 --detach",
        ),
        "resume": ("resume RUN",),
        "stop": ("stop RUN",),
        "runs": ("runs", "runs --tag exam"),
        "label": ('label RUN --name "first try" --tag exam --star',),
        "delete": ("delete RUN",),
        "trash": ("trash",),
        "restore": ("restore RUN",),
        "weights": ("weights", "weights resnet18"),
    },
    RESULTS: {
        "evaluate": ("evaluate RUN", "evaluate RUN --split val --json"),
        "predict": ("predict RUN photo.jpg", "predict RUN photos/*.jpg --top 3"),
        "compare": ("compare RUN OTHER", "compare RUN published-report"),
        "reproduce": ("reproduce RUN",),
        "experiment": ("experiment --list", "experiment augmentation DATASET --dry-run"),
        "embed": ("embed RUN", "embed RUN --map tsne"),
    },
    SHARE: {
        "report": ("report RUN -o report.html", "report RUN --need 90 --each 80"),
        "export": ("export RUN --format onnx", "export RUN --format card -o card.md"),
        "open-room": ("open-room", "open-room --port 8502"),
    },
}
_SHORT = {"import": "Import labelled photos in any of the usual layouts, or the drawn demo set."}


def arrange(app: typer.Typer) -> None:
    """Put each command into its group with its examples; the groups in the order of the table."""
    by_name = {name_of(info): info for info in app.registered_commands}
    ordered = []
    for group, commands in GROUPS.items():
        for name, examples in commands.items():
            info = by_name.pop(name)
            info.rich_help_panel, info.short_help = group, _SHORT.get(name)
            info.epilog = "\n\n".join(["Examples:", *map(_written, examples)])
            ordered.append(info)
    app.registered_commands[:] = [*ordered, *by_name.values()]


def name_of(info: CommandInfo) -> str:
    """What is typed for a command."""
    assert info.callback is not None
    return info.name or info.callback.__name__


def _written(example: str) -> str:
    return interpreter.here(f"python -m fashion_core {example}")
