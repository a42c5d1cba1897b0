"""What a run is doing and how fast such runs went, for every page: ended runs are remembered, live ones looked at."""

from collections.abc import Sequence

from fashion_core.launch import estimate, status
from fashion_core.launch.status import Status
from fashion_core.runs.runs import ENDED, Run
from fashion_core.settings.config import Settings
from ui.app import loaders
from ui.app.kept import kept
from ui.shared.curves_view import metrics_of


def status_of(run: Run) -> Status:
    """The run's state. An ended one is remembered until its files change; a live one is looked at every time."""
    return _ended_status(run) or status.status_of(run)


@kept(loaders.of_file("events.jsonl"), max_entries=2000)
def _ended_status(run: Run) -> Status | None:
    now = status.status_of(run)
    return now if now.state in ENDED else None


def measured_images_per_second(settings: Settings, runs: Sequence[Run], device: str) -> tuple[float, Run] | None:
    """``estimate.measured_images_per_second``, from metrics that are kept."""
    return estimate.measured_images_per_second(settings, runs, device, metrics_of)
