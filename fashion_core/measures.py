"""What the pixels of a photo say about it: how bright, how much contrast, how sharp, how colourful, how it hashes.

Takes blocks of a pixel cache, uint8 B x H x W x 3; gives one record a photo. Knows nothing of files or datasets.
"""

import numpy as np

# B photos of a block, H height, W width, T = TINY
TINY = 32  # side of the small grey picture that two photos are compared by
_BLOCK = 64  # photos worked on at once: their arrays stay within the processor's cache
_HASH_SIDE = 8

RECORD = np.dtype(
    [
        ("brightest", np.float32),  # 99th percentile of grey, 0 to 255
        ("contrast", np.float32),  # 99th less 1st percentile of grey, 0 to 255
        ("sharpness", np.float32),  # 99.5th percentile of the Laplacian's size, in shares of the contrast
        ("colour", np.float32),  # mean of largest less smallest channel, 0 to 255; 0 is grey
        ("phash", np.uint64),  # of the cached picture; nearly the manifest's, which is of the whole photo
        ("mirrored_phash", np.uint64),  # of the cached picture mirrored left to right
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
    records_B["phash"], records_B["mirrored_phash"] = perceptual_hashes(tiny_BTT)
    records_B["tiny"] = np.rint(tiny_BTT)
    return records_B


def _strongest_edge(grey_BHW: np.ndarray) -> np.ndarray:
    """99.5th percentile of |Laplacian|: one sharp edge is enough for a photo not to be blurred."""
    grey = grey_BHW.astype(np.int16)
    laplacian = (
        4 * grey[:, 1:-1, 1:-1] - grey[:, :-2, 1:-1] - grey[:, 2:, 1:-1] - grey[:, 1:-1, :-2] - grey[:, 1:-1, 2:]
    )
    flat = np.abs(laplacian).reshape(len(grey), -1)
    place = int(0.995 * flat.shape[1])
    return np.partition(flat, place, axis=1)[:, place].astype(np.float32)


def perceptual_hashes(tiny_BTT: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint64 B twice: imagehash's phash of each 32 x 32 grey picture, and of its mirror image.

    Mirroring changes the sign of every second column of a DCT-II, so the mirror image needs no second transform.
    """
    frequency, place = np.arange(_HASH_SIDE)[:, None], np.arange(TINY)[None]
    basis_8T = np.cos(np.pi * frequency * (2 * place + 1) / (2 * TINY))
    low_B88 = basis_8T @ np.asarray(tiny_BTT, np.float64) @ basis_8T.T
    signs_8 = np.where(np.arange(_HASH_SIDE) % 2, -1.0, 1.0)
    return _above_median(low_B88), _above_median(low_B88 * signs_8)


def _above_median(low_B88: np.ndarray) -> np.ndarray:
    flat = low_B88.reshape(len(low_B88), -1)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">u8")[:, 0].astype(np.uint64)


def differences(tiny_NTT: np.ndarray, first: np.ndarray, second: np.ndarray, *, mirrored: bool = False) -> np.ndarray:
    """Mean difference in grey levels (0 to 255) between the small pictures of each pair, float32."""
    found = np.empty(len(first), np.float32)
    for start in range(0, len(first), 4096):
        block = slice(start, start + 4096)
        other = tiny_NTT[second[block]].astype(np.int16)
        other = other[:, :, ::-1] if mirrored else other
        found[block] = np.abs(tiny_NTT[first[block]].astype(np.int16) - other).mean(axis=(1, 2))
    return found
