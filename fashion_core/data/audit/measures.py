"""What the pixels of a photo say about it: how bright, how much contrast, how sharp, how colourful, and its edges.

Takes blocks of a pixel cache, uint8 B x H x W x 3; gives one record a photo. Knows nothing of files or datasets.
"""

import numpy as np

from fashion_core.data.audit import outlines

# B photos of a block, H height, W width, T = TINY
TINY = 32  # side of the small grey picture that photos are laid over each other by
HUES, TINTS = 16, 4  # and of a coloured one, and of a coloured one of what the edges fill
SHARP = 0.16  # sharper is not told apart: finding the one number of 16,000 takes longer than all the rest
_PIXELS = 2**18  # worked on at once: their arrays stay within the processor's cache

RECORD = np.dtype(
    [
        ("brightest", np.float32),  # 99th percentile of grey, 0 to 255
        ("contrast", np.float32),  # 99th less 1st percentile of grey, 0 to 255
        (
            "sharpness",
            np.float32,
        ),  # 99.5th percentile of the Laplacian's size, in shares of the contrast; at most SHARP
        ("colour", np.float32),  # mean of largest less smallest channel, 0 to 255; 0 is grey
        ("features", np.float16, (outlines.FEATURES,)),  # a description of its edges
        ("box", np.float32, (4,)),  # left, right, top, bottom of what the edges fill, in shares of the picture
        ("tiny", np.uint8, (TINY, TINY)),
        ("hues", np.uint8, (3, HUES, HUES)),
        ("tints", np.uint8, (3, TINTS, TINTS)),  # mean colours of what the edges fill
    ]
)


def measure(pixels_NHW3: np.ndarray) -> np.ndarray:
    """RECORD for each picture; height and width are multiples of 32."""
    records_N = np.empty(len(pixels_NHW3), RECORD)
    block = max(1, _PIXELS // (pixels_NHW3.shape[1] * pixels_NHW3.shape[2]))
    for start in range(0, len(pixels_NHW3), block):
        records_N[start : start + block] = _measure_block(np.asarray(pixels_NHW3[start : start + block]))
    return records_N


def _measure_block(pixels_BHW3: np.ndarray) -> np.ndarray:
    num, height, width, _ = pixels_BHW3.shape
    assert height % TINY == 0 and width % TINY == 0, f"{width} x {height} is no multiple of {TINY}"
    colours_B3TT = _shrunk(pixels_BHW3)
    tiny_BTT = np.tensordot(colours_B3TT, np.array([77, 150, 29], np.float32) / 256, (1, 0))
    low, high = _percentiles(tiny_BTT.reshape(num, -1), 0.01, 0.99)
    thin_BhwC = pixels_BHW3[:, :: height // TINY, :: width // TINY]
    red, green, blue = (np.ascontiguousarray(thin_BhwC[..., channel]) for channel in range(3))
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    records_B = np.empty(num, RECORD)
    records_B["brightest"], records_B["contrast"] = high, high - low
    records_B["sharpness"] = _strongest_edge(pixels_BHW3, np.maximum(high - low, 1))
    records_B["colour"] = spread.mean(axis=(1, 2))
    records_B["tiny"] = np.rint(tiny_BTT)
    if height == width == TINY:  # with so few pixels photos are compared by these alone
        for name in ("features", "box", "hues", "tints"):
            records_B[name] = 0
        return records_B
    records_B["features"], box_B4 = outlines.describe(outlines.edges(tiny_BTT))
    records_B["box"] = box_B4
    halves = colours_B3TT.reshape(num, 3, HUES, TINY // HUES, HUES, TINY // HUES)
    records_B["hues"] = np.rint(halves.mean(axis=(3, 5)))
    records_B["tints"] = np.rint(outlines.seen_through(colours_B3TT, box_B4, TINTS)[0])
    return records_B


def _percentiles(values_Bn: np.ndarray, *shares: float) -> list[np.ndarray]:
    """As numpy.percentile; sorting whole rows is the faster way to several."""
    rows_Bn = np.sort(values_Bn, axis=1)
    found = []
    for share in shares:
        place, part = divmod(share * (rows_Bn.shape[1] - 1), 1)
        low_B, high_B = rows_Bn[:, int(place)], rows_Bn[:, min(int(place) + 1, rows_Bn.shape[1] - 1)]
        found.append(low_B + np.float32(part) * (high_B - low_B))
    return found


def _shrunk(pixels_BHW3: np.ndarray) -> np.ndarray:
    """float32 B x 3 x TINY x TINY: the mean colour of each square. Rows first: they lie together in memory."""
    num, height, width, _ = pixels_BHW3.shape
    down, across = height // TINY, width // TINY
    rows_BTW3 = pixels_BHW3[:, ::down].astype(np.uint16)
    for row in range(1, down):
        rows_BTW3 += pixels_BHW3[:, row::down]
    sums_BTT3 = rows_BTW3[:, :, ::across].astype(np.float32)
    for column in range(1, across):
        sums_BTT3 += rows_BTW3[:, :, column::across]
    return np.ascontiguousarray(sums_BTT3.transpose(0, 3, 1, 2)) / (down * across)


def _strongest_edge(pixels_BHW3: np.ndarray, contrast_B: np.ndarray) -> np.ndarray:
    """99.5th percentile of |Laplacian| in shares of the contrast, at most SHARP: one sharp edge is enough for a photo
    not to be blurred."""
    num, height, width, _ = pixels_BHW3.shape
    grey = np.multiply(pixels_BHW3[..., 0], 77, dtype=np.uint16)  # ITU-R BT.601 in 1/256, as PIL's mode L to a level
    grey += np.multiply(pixels_BHW3[..., 1], 150, dtype=np.uint16)
    grey += np.multiply(pixels_BHW3[..., 2], 29, dtype=np.uint16)
    grey >>= 8
    grey = grey.view(np.int16)
    laplacian = 4 * grey[:, 1:-1, 1:-1]
    for side in (grey[:, :-2, 1:-1], grey[:, 2:, 1:-1], grey[:, 1:-1, :-2], grey[:, 1:-1, 2:]):
        laplacian -= side
    np.abs(laplacian, out=laplacian)
    flat = laplacian.reshape(num, -1)
    place = int(0.995 * flat.shape[1])
    limit_B = np.ceil(SHARP * contrast_B).astype(np.int16)
    found_B = np.full(num, SHARP, np.float32)
    above_B = [np.count_nonzero(edges >= limit) for edges, limit in zip(flat, limit_B, strict=True)]
    soft = np.flatnonzero(np.array(above_B) < flat.shape[1] - place)
    if len(soft):
        found_B[soft] = np.partition(flat[soft], place, axis=1)[:, place] / contrast_B[soft]
    return np.minimum(found_B, np.float32(SHARP))
