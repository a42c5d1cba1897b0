"""What the pixels of a photo say about it: how bright, how much contrast, how sharp, how colourful, and its edges.

Takes blocks of a pixel cache, uint8 B x H x W x 3; gives one record a photo. Knows nothing of files or datasets.
"""

import numpy as np

from fashion_core import outlines

# B photos of a block, H height, W width, T = TINY
TINY = 32  # side of the small grey picture that photos are laid over each other by
_BLOCK = 64  # photos worked on at once: their arrays stay within the processor's cache

RECORD = np.dtype(
    [
        ("brightest", np.float32),  # 99th percentile of grey, 0 to 255
        ("contrast", np.float32),  # 99th less 1st percentile of grey, 0 to 255
        ("sharpness", np.float32),  # 99.5th percentile of the Laplacian's size, in shares of the contrast
        ("colour", np.float32),  # mean of largest less smallest channel, 0 to 255; 0 is grey
        ("features", np.float16, (outlines.FEATURES,)),  # a description of its edges
        ("box", np.float32, (4,)),  # left, right, top, bottom of what the edges fill, in shares of the picture
        ("tiny", np.uint8, (TINY, TINY)),
    ]
)


def measure(pixels_NHW3: np.ndarray) -> np.ndarray:
    """RECORD for each picture; height and width are multiples of 32."""
    records_N = np.empty(len(pixels_NHW3), RECORD)
    for start in range(0, len(pixels_NHW3), _BLOCK):
        records_N[start : start + _BLOCK] = _measure_block(np.asarray(pixels_NHW3[start : start + _BLOCK]))
    return records_N


def _measure_block(pixels_BHW3: np.ndarray) -> np.ndarray:
    num, height, width, _ = pixels_BHW3.shape
    assert height % TINY == 0 and width % TINY == 0, f"{width} x {height} is no multiple of {TINY}"
    red, green, blue = (pixels_BHW3[..., channel].astype(np.uint16) for channel in range(3))
    grey_BHW = (red * 77 + green * 150 + blue * 29) >> 8  # ITU-R BT.601 in 1/256, as PIL's mode L to within a level
    boxes = grey_BHW.reshape(num, TINY, height // TINY, TINY, width // TINY)
    tiny_BTT = boxes.mean(axis=(2, 4), dtype=np.float32)
    low, high = np.percentile(tiny_BTT.reshape(num, -1), (1, 99), axis=1)
    thin = np.s_[:, :: height // TINY, :: width // TINY]
    most = np.maximum(np.maximum(red[thin], green[thin]), blue[thin])
    least = np.minimum(np.minimum(red[thin], green[thin]), blue[thin])
    records_B = np.empty(num, RECORD)
    records_B["brightest"], records_B["contrast"] = high, high - low
    records_B["sharpness"] = _strongest_edge(grey_BHW) / np.maximum(high - low, 1)
    records_B["colour"] = (most - least).mean(axis=(1, 2))
    records_B["features"], records_B["box"] = outlines.describe(outlines.edges(tiny_BTT))
    records_B["tiny"] = np.rint(tiny_BTT)
    return records_B


def _strongest_edge(grey_BHW: np.ndarray) -> np.ndarray:
    """99.5th percentile of |Laplacian| in every second row: one sharp edge is enough for a photo not to be blurred."""
    grey = grey_BHW.astype(np.int16)
    rows = grey[:, 1:-1:2]
    laplacian = 4 * rows[:, :, 1:-1] - grey[:, :-2:2, 1:-1] - grey[:, 2::2, 1:-1] - rows[:, :, :-2] - rows[:, :, 2:]
    flat = np.abs(laplacian).reshape(len(grey), -1)
    place = int(0.995 * flat.shape[1])
    return np.partition(flat, place, axis=1)[:, place].astype(np.float32)
