"""ImageNet weights into a network, and from the internet onto this machine.

Takes a Backbone and a file that ``pretrained`` found; changes the network's trunk, or writes the file.

Nothing is unpickled: safetensors, or torch.load with weights_only. Nothing is fetched unless somebody asks.
"""

import tempfile
from pathlib import Path

import safetensors.torch
import torch

from fashion_core import rights, storage
from fashion_core.errors import RunError
from fashion_core.models.networks import Backbone, Design
from fashion_core.runs import runs
from fashion_core.settings import pretrained
from fashion_core.settings.pretrained import Found


def load_for(run: runs.Run, model: Backbone, data_dir: Path) -> None:
    """Put the weights that the run's config.json names into its network, all but the last layer.

    RunError when they are not here any more, are others, or do not fit.
    """
    wanted = run.record.pretrained or {}
    found = pretrained.find(run.settings.model, data_dir)
    if (sha256 := found.sha256()) != wanted["sha256"]:
        raise RunError(
            f"run {run.id!r} starts from the weights {wanted['source']} with sha256 {wanted['sha256'][:12]}, but those "
            f"here ({found.source}) have {sha256[:12]}; start a new run, or bring the others back"
        )
    load(model, found)


def load(model: Backbone, found: Found) -> None:
    """Put the weights of a file into the network's trunk; RunError, and nothing changed, when one does not fit."""
    about, given = model.about, read(found.path)
    own = model.trunk.state_dict()
    if found.by_order:  # another library's names: the same layers, one by one, and two of the old head at the end
        given = dict(zip(own, given.values(), strict=False)) if len(given) == len(own) + 2 else {}
    else:
        given = {name: tensor for name, tensor in given.items() if not name.startswith(about.classifier)}
    for name in sorted(own.keys() | given.keys()):
        expected, shape = (tuple(side[name].shape) if name in side else None for side in (own, given))
        if expected != shape:
            raise RunError(
                f"the weights '{found.path.name}' are not those of {about.name}: {name} is {shape} where {expected} is "
                "expected; put the library's own file there"
            )
    model.trunk.load_state_dict(given)


def read(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a weights file by name, in its order; RunError when it is none."""
    try:
        if path.suffix == ".safetensors":
            return safetensors.torch.load_file(path)
        given = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises nearly anything: KeyError, EOFError, UnpicklingError, ...
        raise RunError(f"the weights '{path}' cannot be read ({_first_line(error)}); bring them again") from error
    if not isinstance(given, dict) or not all(isinstance(tensor, torch.Tensor) for tensor in given.values()):
        raise RunError(f"'{path}' holds something else than named tensors; bring the library's own file")
    return given


def fetch(name: str, data_dir: Path) -> Path:
    """Download the ImageNet weights of a backbone into ``pretrained.folder``; the file's path.

    RunError, with the manual way, when there is no network or the file is not what it should be.
    """
    rights.refuse_read_only("no weights can be downloaded")
    pretrained.require_library(name)
    about, target = pretrained.BACKBONES[name], pretrained.folder(data_dir)
    from_here = about.hub or about.url
    with tempfile.TemporaryDirectory(prefix="weights-") as scratch:
        try:
            got = _from_hub(str(about.hub), scratch) if about.hub else _from_url(str(about.url), scratch)
        except Exception as error:  # whatever a network can do, in several libraries' words
            raise RunError(
                f"the weights of {name} could not be downloaded from {from_here} ({_first_line(error)}); download them "
                f"elsewhere and put them as '{target / name}{'.safetensors' if about.hub else '.pth'}'"
            ) from error
        model = Backbone(name, Design(num_classes=2, image_size=(about.size, about.size), dropout=0.0))
        load(model, Found(path=got, source=str(from_here)))  # before it gets its name
        path = target / f"{name}{got.suffix}"
        storage.require_space(target, got.stat().st_size, f"the weights of {name}")
        storage.write_bytes(path, got.read_bytes())
    return path


def _from_hub(hub: str, scratch: str) -> Path:
    from huggingface_hub import hf_hub_download

    return Path(hf_hub_download(hub, "model.safetensors", cache_dir=scratch, etag_timeout=10))


def _from_url(url: str, scratch: str) -> Path:
    path = Path(scratch) / url.rpartition("/")[2]
    start = path.stem.rpartition("-")[2]  # torchvision's files carry the first digits of their sha256
    torch.hub.download_url_to_file(url, str(path), hash_prefix=start, progress=False)
    return path


def _first_line(error: BaseException) -> str:
    """The first line of what a library said, short enough for a sentence."""
    told = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return told[:200].rstrip(".")
