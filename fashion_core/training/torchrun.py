"""Starts the ranks of one run on this machine and says which one ended it. torchrun does the work.

Takes a run directory; knows nothing of what a rank trains. Several machines: the torchrun line in README.
"""

import signal
import sys
from pathlib import Path

from torch.distributed.elastic.multiprocessing import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from fashion_core.errors import RunError
from fashion_core.launch.status import status_of
from fashion_core.runs import runs
from fashion_core.training import failures


def train_in_ranks(run: runs.Run, *, num_processes: int, data_dir: Path) -> None:
    """Train ``run`` in ``num_processes`` processes; returns when they have ended well or were stopped as asked.

    RunError with the number of the rank that ended it otherwise, which is the run's last event too. Nobody is left
    behind: torchrun ends the other ranks.
    """
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_processes,
        run_id=run.id,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        monitor_interval=0.1,
    )
    words = ["-m", "fashion_core", "run", str(run.folder), "--data-dir", str(data_dir)]
    try:
        elastic_launch(config, sys.executable)(*words)
    except SignalException:  # this process was asked to stop and has passed it on; the ranks have saved and ended
        return
    except ChildFailedError as error:
        if status_of(run).state == "stopped":  # by Slurm: its ranks exit with 1, as `run` does
            return
        reason = _first_end(error, num_processes)
        told = next((event for event in reversed(run.events()) if event["event"] == "failed"), None)
        if "signal" in reason or told is None:
            failures.tell(run, f"{reason}; earlier saved steps are untouched: resume the run")
            raise RunError(f"run {run.id!r}: {reason}; resume it") from error
        raise RunError(f"run {run.id!r}: {told['reason']}") from error


def _first_end(error: ChildFailedError, num_processes: int) -> str:
    """Which rank ended, and how: one that was killed before one that failed because the other had gone."""
    rank, failure = min(error.failures.items(), key=lambda item: (item[1].exitcode >= 0, item[1].timestamp))
    if failure.exitcode < 0:
        how = f"was ended by signal {-failure.exitcode} ({signal.Signals(-failure.exitcode).name})"
    else:
        how = f"ended with exit code {failure.exitcode}"
    return f"rank {rank} of {num_processes} {how}"
