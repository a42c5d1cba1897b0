"""Which part of a photo speaks for a class: element-wise Grad-CAM, and whether that picture depends on what was learnt.

Takes a model and one photo as it receives it; gives maps. captum computes them. H height, W width, B batch.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from fashion_core.models import inference
from fashion_core.models.input import to_input
from fashion_core.models.networks import Network
from fashion_core.runs import runs

NUM_RANDOM = 3


def grad_cam(model: Network, input_HW3: np.ndarray, channels: str, class_index: int) -> np.ndarray:
    """Element-wise Grad-CAM of one uint8 photo for one class: float32 H x W, 0 to 1, 1 at its peak.

    Gradient times activation in the last convolution, summed over its channels (Draelos and Carin 2020, "HiResCAM").
    Where global pooling follows, as in a ResNet, that is Grad-CAM (Selvaraju et al. 2017). The report's network
    flattens instead; there Grad-CAM's mean gradient of a channel takes places for each other that count with opposite
    signs, and its map was empty for 59 of 60 photos (LOG: grad-cam). All zeros when nothing speaks for the class.
    Bilinear from that layer's own grid.
    """
    from captum.attr import LayerGradientXActivation  # brings matplotlib, 0.7 s

    images_BHWC = _batch(model, input_HW3)
    with torch.enable_grad():
        given = to_input(images_BHWC, channels).requires_grad_(True)
        shares_BCHW = LayerGradientXActivation(_seen_once(model), model.last_map).attribute(given, target=class_index)
        map_B1HW = torch.relu(shares_BCHW.sum(dim=1, keepdim=True))
    large = F.interpolate(map_B1HW.detach().float(), size=input_HW3.shape[:2], mode="bilinear", align_corners=False)
    found = large[0, 0].cpu().numpy()
    peak = float(found.max())
    return found / peak if peak > 0 else np.zeros_like(found)


def grid_of(model: Network, input_HW3: np.ndarray, channels: str) -> tuple[int, int]:
    """Rows and columns of the explained layer's output: how fine a map can be."""
    seen: list[tuple[int, int]] = []
    hook = model.last_map.register_forward_hook(lambda *given: seen.append(tuple(given[2].shape[-2:])))
    try:
        with torch.inference_mode():
            model.features(to_input(_batch(model, input_HW3), channels))
    finally:
        hook.remove()
    return seen[0]


def _batch(model: Network, input_HW3: np.ndarray) -> torch.Tensor:
    whole = torch.from_numpy(np.array(input_HW3))[None]  # a copy: torch takes no read-only memory
    return whole.to(next(model.parameters()).device)


def _seen_once(model: Network) -> Callable[[torch.Tensor], torch.Tensor]:
    """The network's path without the mirror image that ``test_flip`` adds: a map has one layout."""
    return lambda images_BCHW: model.head(model.features(images_BCHW))


def untrained_maps(
    run: runs.Run, input_HW3: np.ndarray, class_index: int, *, seeds: Sequence[int] = range(NUM_RANDOM)
) -> list[np.ndarray]:
    """Maps of the same network with random weights, one a seed.

    The sanity check of Adebayo et al. (2018), "Sanity checks for saliency maps": a map that looks the same without what
    was learnt shows edges of the photo, not reasons.
    """
    found = []
    for seed in seeds:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            untrained = inference.new_model(run).eval()
        found.append(grad_cam(untrained, input_HW3, run.settings.channels, class_index))
    return found


def likeness(map_HW: np.ndarray, other_HW: np.ndarray) -> float:
    """Spearman's rank correlation of two maps, -1 to 1; 0 where one of them is flat."""
    from scipy.stats import spearmanr

    if np.ptp(map_HW) == 0 or np.ptp(other_HW) == 0:
        return 0.0
    return float(spearmanr(map_HW, other_HW, axis=None).statistic)
