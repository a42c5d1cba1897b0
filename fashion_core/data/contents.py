"""What a dataset holds, in numbers small enough to keep with a run: so that a change can be named later.

Takes a Dataset; gives a count and a digest for each class of each split. Knows no runs.
"""

import hashlib

from fashion_core.data.datasets import Dataset
from fashion_core.labels import counted

#: split -> label -> (number of readable photos, digest of their ids and bytes)
Contents = dict[str, dict[str, tuple[int, str]]]


def contents_of(dataset: Dataset) -> Contents:
    """The readable photos of each class of each split; the digest is the first 16 hex digits of a sha256."""
    frame = dataset.manifest(["image_id", "split", "label", "sha256", "status"])
    usable = frame[frame["status"] == "ok"].sort_values("image_id")
    found: Contents = {}
    for (split, label), photos in usable.groupby(["split", "label"], observed=True):
        text = "\n".join(photos["image_id"] + " " + photos["sha256"])
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        found.setdefault(str(split), {})[str(label)] = (len(photos), digest)
    return found


def first_difference(before: Contents, now: Contents) -> str | None:
    """The first thing that is not as it was, in words; None when nothing is."""
    for split in sorted(before.keys() | now.keys()):
        old, new = before.get(split, {}), now.get(split, {})
        for label in sorted(old.keys() | new.keys()):
            num_old, num_new = (side.get(label, (0, ""))[0] for side in (old, new))
            if num_old != num_new:
                return f"{split} has {counted(num_new, 'photo')} of {label}, it had {num_old:,}"
            if tuple(old[label]) != tuple(new[label]):
                return f"{split} has {counted(num_new, 'photo')} of {label} as before, but not the same ones"
    return None
