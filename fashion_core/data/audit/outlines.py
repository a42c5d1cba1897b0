"""The edges of small pictures: where they run and how strong, whatever the colour; and pictures laid over each other.

Takes blocks of square grey pictures, float32 B x S x S; gives fields of edges, the box they fill, a short description
of it, and windows resampled. Even areas count for nothing here, so it does not matter how much of a photo is white.
"""

import numpy as np

# B pictures, S their side, n a new side; a window is left, right, top, bottom in shares of a picture, float32 B x 4
CELLS = 8  # a description is CELLS x CELLS cells of the box that the edges fill
FEATURES = 2 * CELLS * CELLS
WHOLE = np.array([0, 1, 0, 1], np.float32)
_FLOOR = 3.0  # grey levels a pixel: steps far below it are noise of the encoding
_TAIL, _MARGIN = 0.02, 0.06  # of the edges outside the box at each side; of the box's size added around it


def shrunk(pictures: np.ndarray, side: int) -> np.ndarray:
    """B x S x S (x C) to B x side x side (x C), each the mean of its square; S is a multiple of ``side``."""
    step = pictures.shape[1] // side
    if step == 1:
        return pictures.astype(np.float32, copy=False)
    rows = pictures[:, ::step].astype(np.float32)
    for row in range(1, step):
        rows += pictures[:, row::step]
    sums = rows[:, :, ::step].copy()
    for column in range(1, step):
        sums += rows[:, :, column::step]
    return sums / np.float32(step * step)


def edges(grey_BSS: np.ndarray) -> np.ndarray:
    """float32 B x 2 x S x S: the direction of each edge as twice its angle, so that dark on light and light on dark
    are one, as long as the root of the edge's strength, so that a seam counts beside an outline."""
    across_BSS, down_BSS = np.zeros_like(grey_BSS), np.zeros_like(grey_BSS)
    across_BSS[:, :, 1:-1] = (grey_BSS[:, :, 2:] - grey_BSS[:, :, :-2]) / 2
    down_BSS[:, 1:-1] = (grey_BSS[:, 2:] - grey_BSS[:, :-2]) / 2
    a2_BSS, d2_BSS = across_BSS * across_BSS, down_BSS * down_BSS
    square_BSS = a2_BSS + d2_BSS + np.float32(_FLOOR**2)
    scale_BSS = 1 / (np.sqrt(square_BSS) * np.sqrt(np.sqrt(square_BSS)))  # strength to the power of -3/2
    return np.stack([(a2_BSS - d2_BSS) * scale_BSS, 2 * across_BSS * down_BSS * scale_BSS], axis=1)


def describe(edges_B2SS: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """float32 B x FEATURES of length 1 (0 without any edge), and the window that the edges fill.

    The description is of that window, so a photo and its cropped copy have nearly the same one.
    """
    size = edges_B2SS.shape[-1]
    strength_BSS = (edges_B2SS**2).sum(axis=1)
    box_B4 = np.concatenate([_span(strength_BSS.sum(axis=1)), _span(strength_BSS.sum(axis=2))], axis=1)
    margin_B2 = _MARGIN * np.stack([box_B4[:, 1] - box_B4[:, 0], box_B4[:, 3] - box_B4[:, 2]], axis=1)
    wide_B4 = box_B4 + np.repeat(margin_B2, 2, axis=1) * np.array([-1, 1, -1, 1], np.float32)
    rows_BnS, columns_BSn = areas(wide_B4[:, 2:], CELLS, size), areas(wide_B4[:, :2], CELLS, size).transpose(0, 2, 1)
    features_BF = (rows_BnS[:, None] @ edges_B2SS @ columns_BSn[:, None]).reshape(-1, FEATURES)
    return features_BF / (np.linalg.norm(features_BF, axis=1, keepdims=True) + 1e-6), box_B4


def mirrored(features_BF: np.ndarray) -> np.ndarray:
    """The descriptions of the same pictures flipped left to right."""
    cells = features_BF.reshape(-1, 2, CELLS, CELLS)[..., ::-1] * np.array([1, -1], np.float32)[:, None, None]
    return cells.reshape(-1, FEATURES)


def mirrored_window(window_B4: np.ndarray) -> np.ndarray:
    """The same windows in pictures flipped left to right."""
    return np.stack([1 - window_B4[:, 1], 1 - window_B4[:, 0], window_B4[:, 2], window_B4[:, 3]], axis=1)


def _span(profile_BS: np.ndarray) -> np.ndarray:
    """Where all but _TAIL of a profile's sum lies at each side, in shares of its length, B x 2."""
    size = profile_BS.shape[1]
    sums_BS = np.cumsum(profile_BS + 1e-9, axis=1)
    sums_BS /= sums_BS[:, -1:]
    rows = np.arange(len(sums_BS))
    ends = []
    for share in (_TAIL, 1 - _TAIL):
        place = np.minimum((sums_BS < share).sum(axis=1), size - 1)
        before = np.where(place > 0, sums_BS[rows, place - 1], 0)
        ends.append((place + (share - before) / np.maximum(sums_BS[rows, place] - before, 1e-9)) / size)
    return np.stack(ends, axis=1).astype(np.float32)


def areas(span_B2: np.ndarray, num: int, size: int) -> np.ndarray:
    """B x num x size: weights that average a row of ``size`` pixels over ``num`` equal parts of each span; what lies
    outside the row weighs nothing, and no part is narrower than a pixel."""
    cut = span_B2[:, :1] + (span_B2[:, 1:] - span_B2[:, :1]) * (np.arange(num + 1, dtype=np.float32) / num)[None]
    low, high = cut[:, :-1] * size, cut[:, 1:] * size
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, 0.5)
    low, high, pixel = middle - half, middle + half, np.arange(size, dtype=np.float32)
    covered = np.minimum(high[..., None], pixel + 1) - np.maximum(low[..., None], pixel)
    return np.maximum(covered, 0) / (2 * half)[..., None]


def seen_through(pictures_BCSS: np.ndarray, window_B4: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """``pictures`` cut to each window and brought to ``side``: B x C x side x side, and bool B x side x side, where the
    window lies inside the picture."""
    size = pictures_BCSS.shape[-1]
    rows_BnS, columns_BnS = areas(window_B4[:, 2:], side, size), areas(window_B4[:, :2], side, size)
    seen = rows_BnS[:, None] @ pictures_BCSS @ columns_BnS.transpose(0, 2, 1)[:, None]
    weight = rows_BnS.sum(axis=2)[:, :, None] * columns_BnS.sum(axis=2)[:, None, :]
    return seen / np.maximum(weight, 1e-3)[:, None], weight > 0.75
