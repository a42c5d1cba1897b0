"""WebDataset: tar files in which a photo, its class's index and what else is known of it lie side by side.

A key ends at the first dot, so ours have none; tars hold no time and no owner: the same photos give the same bytes.
"""

import io
import json
import tarfile
from pathlib import Path

from fashion_core.data.exports.copies import Copies, Plan

#: Photos in one tar, and bytes; whichever is full first.
MAX_PHOTOS, MAX_BYTES = 10_000, 1_000_000_000


def write(folder: Path, plan: Plan, copies: Copies) -> list[str]:
    """``split-000000.tar`` and so on; ``key.jpg`` (or another ending), ``key.cls`` (the class's index) and ``key.json``
    (image_id, label and the source's own columns); classes.txt has the names in the order of their numbers. Photos
    without a label have no ``.cls``, in tars of their own."""
    (folder / "classes.txt").write_text("".join(f"{name}\n" for name in plan.classes))
    tar: tarfile.TarFile | None = None
    part, number, shard, size = "", 0, 0, 0
    try:
        for copy in copies(flat=True):
            if copy.part != part:
                part, number, shard, full = copy.part, 0, 0, True
            else:
                full = number % MAX_PHOTOS == 0 or size > MAX_BYTES
            if full:
                if tar:
                    tar.close()
                tar = tarfile.open(folder / f"{part}-{shard:06d}.tar", "w", format=tarfile.PAX_FORMAT)
                shard, size = shard + 1, 0
            assert tar is not None
            key = f"{number:08d}"
            label = {"label": copy.label} if copy.label else {}
            about = {"image_id": copy.image_id, **label, **copy.own}
            for ending, data in (
                (copy.ending, copy.data),
                *([(".cls", str(copy.number).encode())] if label else []),
                (".json", json.dumps(about, ensure_ascii=False, default=str).encode()),
            ):
                member = tarfile.TarInfo(key + ending)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
            number, size = number + 1, size + len(copy.data)
    finally:
        if tar:
            tar.close()
    return []
