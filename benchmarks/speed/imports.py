"""An import beside Hugging Face ``datasets``: the same photos, class folders and parquet, in one interleaved run.

python -m benchmarks.speed.imports [--small 20000] [--large 3000] [--repeats 3] [--shared ../shared/data] [--quick]

Takes two archives of photos in class folders (``catalogue-sample.zip``, about 60 x 80, and
``clothing-dataset-small-train-validation.zip``, about 400 x 534). Where more photos are asked for than there are, each
is cropped, mirrored and saved in another quality, so that no two files are alike. Ours: the whole import, with hashes,
checks and the pixel cache of 128 x 128 written. Theirs: ``load_dataset("imagefolder")``, then every row decoded and
resized to 128 x 128 by ``map``, which is spared the writing: the function gives nothing back.

Every measurement is a process of its own with empty caches of its own; what takes turns goes backwards each other
round; a cell is the median of the rounds with its range. Seconds count from when the libraries are loaded ("start").
CPU is of all its processes, start included; the peak is the largest sum of their memory, what they share counted once
(PSS), files that are mapped included.
"""

import argparse
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from PIL import Image, ImageOps

from fashion_core.data import datasets, importing
from fashion_core.data.exports import formats
from fashion_core.paths import PROJECT_ROOT as ROOT

SETS = {"small": "catalogue-sample.zip", "large": "clothing-dataset-small-train-validation.zip"}
LARGE = (400, 534)
SIDE = 128
OURS, OURS_PARQUET = "ours, class folders", "ours, parquet shards"
PEERS = {"datasets, num_proc 1": 1, "datasets, num_proc 2": 2}


def make_photos(archive: Path, num: int, size: tuple[int, int] | None, folder: Path) -> None:
    """``num`` photos of the archive in class folders, all of one size where that is given."""
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(archive) as photos:
        names = rng.permutation(sorted(name for name in photos.namelist() if name.lower().endswith(".jpg"))).tolist()
        for number in range(num):
            name = names[number % len(names)]
            with Image.open(io.BytesIO(photos.read(name))) as opened:
                photo = opened.convert("RGB")
            turn = number // len(names)
            if turn:
                left, top = (int(rng.integers(0, 1 + side // 20)) for side in photo.size)
                photo = photo.crop((left, top, photo.width - turn % 3, photo.height - turn % 2))
                photo = ImageOps.mirror(photo) if turn % 2 else photo
            photo = photo.resize(size, Image.Resampling.LANCZOS) if size else photo
            target = folder / name.split("/")[-2] / f"{number:05d}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            photo.save(target, "JPEG", quality=85 - turn % 10)


def import_with_ours(source: Path, work: Path) -> int:
    return importing.import_source(source, data_dir=work / "data", name="photos").num_images


def export_with_ours(data_dir: Path, format: str, work: Path) -> int:
    return sum(formats.write(datasets.find_dataset(data_dir, "photos"), work / "out", format)["splits"].values())


def read_with_peer(source: Path, num_proc: int) -> int:
    import datasets as peer

    rows = peer.load_dataset("imagefolder", data_dir=str(source), split="train", num_proc=num_proc)

    def look(batch: dict[str, list[Any]]) -> None:
        for photo in batch["image"]:
            np.asarray(photo.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR))

    rows.map(look, batched=True, batch_size=100, num_proc=num_proc)
    return len(rows)


def task(words: list[str]) -> None:
    """One measurement, in this process: prints its seconds and how many photos it had."""
    kind, source, what, work = words[0], Path(words[1]), words[2], Path(words[3])
    if kind == "peer":
        import datasets  # noqa: F401
    began = time.perf_counter()
    if kind == "import":
        num = import_with_ours(source, work)
    elif kind == "export":
        num = export_with_ours(source, what, work)
    else:
        num = read_with_peer(source, int(what))
    print(json.dumps({"seconds": time.perf_counter() - began, "photos": num}))


class Peak(threading.Thread):
    """The largest memory of a process and its children, looked at ten times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.process, self.bytes, self.over = psutil.Process(pid), 0, threading.Event()

    def run(self) -> None:
        while not self.over.wait(0.1):
            total = 0
            with suppress(psutil.Error):
                for process in (self.process, *self.process.children(recursive=True)):
                    with suppress(psutil.Error):
                        total += process.memory_full_info().pss
            self.bytes = max(self.bytes, total)


def measured(kind: str, source: Path, what: str = "-") -> dict[str, Any]:
    """One measurement in a fresh process with fresh caches."""
    with tempfile.TemporaryDirectory(prefix="imports-") as work:
        caches = {"HF_HOME": work, "HF_DATASETS_CACHE": f"{work}/datasets", "HF_HUB_OFFLINE": "1"}
        command = [sys.executable, "-m", "benchmarks.speed.imports", "--task", kind, str(source), what, work]
        began = time.perf_counter()
        with open(f"{work}/out.txt", "w+") as out, open(f"{work}/err.txt", "w+") as err:
            process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **caches}, stdout=out, stderr=err)
            peak = Peak(process.pid)
            peak.start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            whole = time.perf_counter() - began
            peak.over.set()
            if process.returncode:
                err.seek(0)
                raise SystemExit(f"{kind} {source} {what} failed:\n{err.read()[-2000:]}")
            out.seek(0)
            told = json.loads(out.read().splitlines()[-1])
    return told | {
        "start": whole - told["seconds"],
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": peak.bytes / 2**20,
    }


def compare(folder: Path, parquet: Path, num: int, repeats: int) -> dict[str, list[dict[str, Any]]]:
    sides = {
        OURS: lambda: measured("import", folder),
        OURS_PARQUET: lambda: measured("import", parquet),
        **{name: lambda n=n: measured("peer", folder, str(n)) for name, n in PEERS.items()},
    }
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for turn in range(repeats):
        for name in list(sides) if turn % 2 == 0 else reversed(sides):
            told = sides[name]()
            assert told["photos"] == num, (name, told, num)
            found[name].append(told)
    return found


def middle(rounds: list[dict[str, Any]], what: str, digits: int = 1) -> str:
    values = sorted(one[what] for one in rounds)
    told = f"{median(values):.{digits}f}"
    return told if len(values) == 1 else f"{told} ({values[0]:.{digits}f} to {values[-1]:.{digits}f})"


def tell(title: str, found: dict[str, list[dict[str, Any]]]) -> None:
    seconds = {name: median(one["seconds"] for one in rounds) for name, rounds in found.items()}
    print(
        f"\n{title}\n\n| side | s | photos/s | of ours | start, s | CPU s | peak MiB |\n|---|---|---|---|---|---|---|"
    )
    for name, rounds in found.items():
        cells = [middle(rounds, "seconds"), f"{rounds[0]['photos'] / seconds[name]:,.0f}"]
        cells += [f"{seconds[name] / seconds[OURS]:.2f}", middle(rounds, "start"), middle(rounds, "cpu")]
        print(f"| {' | '.join([name, *cells, middle(rounds, 'peak', 0)])} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--small", type=int, default=20_000)
    parser.add_argument("--large", type=int, default=3_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--quick", action="store_true", help="300 and 100 photos, once: does it work?")
    parser.add_argument("--task", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.task:
        task(options.task)
        return
    if options.quick:
        options.small, options.large, options.repeats = 300, 100, 1
    print(
        f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.2f}; medians of {options.repeats}, with their range"
    )
    with tempfile.TemporaryDirectory(prefix="imports-photos-") as kept:
        for name, archive in SETS.items():
            num, work = getattr(options, name), Path(kept) / name
            make_photos(options.shared / archive, num, LARGE if name == "large" else None, work / "photos")
            imported = import_with_ours(work / "photos", work)
            assert imported == num, f"{imported} of {num} were imported"
            formats.write(datasets.find_dataset(work / "data", "photos"), work / "parquet", "hf-parquet")
            size = "about 60 x 80" if name == "small" else "400 x 534"
            tell(f"{num:,} photos of {size}", compare(work / "photos", work / "parquet", num, options.repeats))
            print("\n| folders --format | s | peak MiB |\n|---|---|---|")
            for format in formats.FORMATS:
                told = measured("export", work / "data", format)
                print(f"| {format} | {told['seconds']:.1f} | {told['peak']:.0f} |", flush=True)
            shutil.rmtree(work)


if __name__ == "__main__":
    main()
