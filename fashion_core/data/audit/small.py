"""Which small photos are one photograph: found by their grey in 8 x 8 cells, judged pixel for pixel.

With few pixels an outline says little: trousers of two makers coincide to half a pixel. So a small photo is another one
only where both coincide as closely as saving a picture again leaves it. Takes small grey pictures and sizes of photos
and a pixel cache; gives pairs. Knows nothing of files, labels or splits.
"""

import itertools
from collections.abc import Callable, Iterator

import numpy as np

from fashion_core.data.audit import nearest, pixelwise
from fashion_core.data.pixels import in_threads

FEW = 48  # photos with fewer pixels at one side are small
LEAST = 12  # and with fewer than these nothing is told
# Chosen on Fashion-MNIST (28 x 28) with copies of 1,500 planted: the nearest other photo of 6,000 has more (LOG).
NEAR, LEVELS = 0.995, 5.0  # correlation of 8 x 8 cells; how far they part
LEVELS_FINE = 12.0  # and 32 x 32
CONTRAST = 1.45  # times as much contrast as the other: on white a tenth more light leaves less of it
RESIZED = 1.3  # times as many pixels a side
LIGHTER = 1.1
_BURNT, _BURNT_SHARE = 250, 0.2
_BLUR = ((12, 17, 14), (17, 24, 20))  # sizes from, below; and as of how many pixels the others' cells are compared
_CELLS = 8
PLACES, PLACES_OF_FEW, A_PLACE = (
    64,
    100_000,
    500,
)  # photos asked or looked at for crops, for each photo; and for a place
_TOGETHER, _BLOCK = 64, 2048  # pairs, photos worked on at once


def pairs(
    tiny_NSS: np.ndarray,
    sizes_N2: np.ndarray,
    pixels: Callable[[np.ndarray], np.ndarray],
    tell: Callable[[int, int], None],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """(first, second, flipped), first < second, of which one is small or whole at least; and how many photos had more
    look-alikes than were compared."""
    side_N = sizes_N2.min(axis=1)
    whole_N = whole(sizes_N2, pixels)
    asked = np.flatnonzero((side_N >= LEAST) & ((side_N < FEW) | whole_N))
    empty = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, bool)
    if not len(asked):
        return *empty, 0
    parts, crowded = [empty], 0
    for mirrored in (False, True):
        first, second, more = _candidates(tiny_NSS, sizes_N2, whole_N, asked, mirrored)
        parts.append((first, second, np.full(len(first), mirrored)))
        crowded = max(crowded, more)
    first, second, flipped = (np.concatenate(part) for part in zip(*parts, strict=True))

    def judge(block: slice) -> np.ndarray:
        one, two, turned = first[block], second[block], flipped[block]
        return _one_photo(tiny_NSS, sizes_N2, pixels, one, two, turned) + block.start

    found = [np.empty(0, np.int64)]
    for part in in_threads(judge, [slice(start, start + _TOGETHER) for start in range(0, len(first), _TOGETHER)]):
        found.append(part)
        tell(min(_TOGETHER * (len(found) - 1), len(first)), len(first))
    kept = np.concatenate(found)
    _, once = np.unique(first[kept] * len(side_N) + second[kept], return_index=True)  # as it is before flipped
    kept = kept[once]
    return first[kept], second[kept], flipped[kept], crowded


def whole(sizes_N2: np.ndarray, pixels: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Which photos' every pixel is in the cache."""
    return sizes_N2.max(axis=1) <= (pixels(np.zeros(1, int)).shape[1] if len(sizes_N2) else 0)


def _candidates(
    tiny_NSS: np.ndarray, sizes_N2: np.ndarray, whole_N: np.ndarray, asked: np.ndarray, mirrored: bool
) -> tuple[np.ndarray, np.ndarray, int]:
    side_N = sizes_N2.min(axis=1)
    there = np.flatnonzero(side_N >= LEAST)
    plain = _cells(tiny_NSS, 0)
    queries = plain[:, :, ::-1] if mirrored else plain
    rounds = [(asked, there, plain[there])]  # who asks, among whom, and their cells
    for least, most, blurred in _BLUR:  # made smaller to so few pixels, even cells of 4 x 4 are blurred
        some, others = asked[(side_N[asked] >= least) & (side_N[asked] < most)], there[side_N[there] >= RESIZED * least]
        if len(some) and len(others):
            rounds.append((some, others, _cells(tiny_NSS[others], blurred)))
    light = there[(tiny_NSS[there] >= _BURNT / LIGHTER).mean(axis=(1, 2)) >= _BURNT_SHARE]
    burnt = asked[(tiny_NSS[asked] >= _BURNT).mean(axis=(1, 2)) >= _BURNT_SHARE]
    if len(burnt):  # of a light garment on white a lighter copy leaves little: it is looked for in the others' lighter
        rounds.append((burnt, light, _cells(tiny_NSS[light], 0, LIGHTER)))
    cropped = () if mirrored else _cropped(tiny_NSS, sizes_N2, *(rows[whole_N[rows]] for rows in (asked, there)))
    keys, crowded, num = [], 0, len(side_N)
    for some, others, cells in itertools.chain(rounds, cropped):
        flat, asked_flat = (x.reshape(len(x), -1) for x in (cells, queries[some]))
        query, row, _, more = nearest.among(
            _key(flat), _key(asked_flat), NEAR, some, others, fits=_alike(flat, asked_flat)
        )
        one, two = some[query], others[row]
        keys.append(np.minimum(one, two) * num + np.maximum(one, two))
        crowded = max(crowded, more)
    return *np.divmod(np.unique(np.concatenate(keys)), num), crowded


def _cropped(
    tiny_NSS: np.ndarray, sizes_N2: np.ndarray, asked: np.ndarray, there: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Who asks, among whom, and their cells, where a photo may be another without a few rows and columns: for each two
    sizes and each place of one in the other. Of photos of many sizes, those two that most pairs have."""
    size, left_over = tiny_NSS.shape[1], PLACES * len(sizes_N2) + PLACES_OF_FEW
    sizes_S2, of_N = np.unique(sizes_N2, axis=0, return_inverse=True)
    num_asked, num_there = (np.bincount(of_N[rows], minlength=len(sizes_S2)) for rows in (asked, there))
    two = []
    for less in np.flatnonzero(num_asked):
        fits = pixelwise.may_be_cropped(sizes_S2, sizes_S2[less]) & (num_there > 0)
        two += [(less, more) for more in np.flatnonzero(fits)]
    for less, more in sorted(two, key=lambda sizes: -num_asked[sizes[0]] * num_there[sizes[1]]):
        (width, height), (wide, high) = sizes_S2[less], sizes_S2[more]
        some, others = asked[of_N[asked] == less], there[of_N[there] == more]
        for left, top in np.ndindex(wide - width + 1, high - height + 1):
            left_over -= len(some) + len(others) + A_PLACE
            if left_over < 0:
                return
            across = _window(left / wide, (left + width) / wide, size)
            down = _window(top / high, (top + height) / high, size)
            yield some, others, _in_cells(tiny_NSS[others], down, across)


def _window(begin: float, end: float, size: int) -> np.ndarray:
    """_CELLS x size: means over equal parts of a row of pixels, from ``begin`` to ``end`` of it, in shares."""
    ends = (begin + (end - begin) * np.arange(_CELLS + 1) / _CELLS) * size
    low, high = (np.clip(each[:, None] - np.arange(size), 0, 1) for each in (ends[:-1], ends[1:]))
    return ((high - low) / (ends[1:] - ends[:-1])[:, None]).astype(np.float32)


def _cells(tiny_NSS: np.ndarray, blurred: int, light: float = 1.0) -> np.ndarray:
    """float32 N x 8 x 8: mean grey of cells, as of photos of ``blurred`` pixels a side if that is given, so much
    lighter."""
    size = tiny_NSS.shape[1]
    down = _window(0, 1, size)
    if blurred:
        down = down @ pixelwise.drawn_out(blurred, size) @ pixelwise.made_smaller(blurred, size, 3.0)
    return _in_cells(tiny_NSS, down, down, light)


def _in_cells(tiny_NSS: np.ndarray, down: np.ndarray, across: np.ndarray, light: float = 1.0) -> np.ndarray:
    num, size = tiny_NSS.shape[:2]
    cells = np.empty((num, _CELLS, _CELLS), np.float32)
    for start in range(0, num, _BLOCK):
        some = np.minimum(tiny_NSS[start : start + _BLOCK] * np.float32(light), 255)
        rows = (some.reshape(-1, size) @ across.T).reshape(-1, size, _CELLS).transpose(0, 2, 1)
        cells[start : start + _BLOCK] = (rows.reshape(-1, size) @ down.T).reshape(-1, _CELLS, _CELLS).swapaxes(1, 2)
    return cells


def _key(cells_NC: np.ndarray) -> np.ndarray:
    centred = cells_NC - cells_NC.mean(axis=1, keepdims=True)
    return centred / (np.linalg.norm(centred, axis=1, keepdims=True) + 1e-6)


def _alike(cells_NC: np.ndarray, queries_NC: np.ndarray) -> nearest.Fits:
    """Whether cells part by few levels, other light or lighter garments on white set aside."""
    rows_N, queries_N = (x.std(axis=1) for x in (cells_NC, queries_NC))

    def alike(query: np.ndarray, row: np.ndarray, cosine: np.ndarray) -> np.ndarray:
        least, most = (pick(queries_N[query], rows_N[row]) for pick in (np.minimum, np.maximum))
        return (most <= CONTRAST * least) & (most**2 * (1 - cosine**2) <= LEVELS**2)

    return alike


def _one_photo(
    tiny_NSS: np.ndarray,
    sizes_N2: np.ndarray,
    pixels: Callable[[np.ndarray], np.ndarray],
    first: np.ndarray,
    second: np.ndarray,
    flipped: np.ndarray,
) -> np.ndarray:
    """Which of the pairs are one photograph."""
    resized = (sizes_N2[first] != sizes_N2[second]).any(axis=1)
    rows = np.flatnonzero(resized | _fine(tiny_NSS, first, second, flipped))
    found = [np.empty(0, np.int64)]
    sizes = np.concatenate([sizes_N2[first[rows]], sizes_N2[second[rows]]], axis=1)
    for size in np.unique(sizes, axis=0):
        some = rows[(sizes == size).all(axis=1)]
        one, two = turned(pixels(first[some]), flipped[some]), pixels(second[some])
        found.append(some[pixelwise.coincide(one, two, size[:2], size[2:])])
    return np.concatenate(found)


def turned(pictures: np.ndarray, flipped: np.ndarray) -> np.ndarray:
    """Those of B x S x S (x 3) that ``flipped`` names turned left to right."""
    if flipped.any():
        pictures = pictures.copy()
        pictures[flipped] = pictures[flipped][:, :, ::-1]
    return pictures


def _fine(tiny_NSS: np.ndarray, first: np.ndarray, second: np.ndarray, flipped: np.ndarray) -> np.ndarray:
    """Whether small grey pictures part by few levels."""
    one, two = turned(tiny_NSS[first], flipped), tiny_NSS[second]
    one, two = (x.astype(np.float32).reshape(len(x), -1) for x in (one, two))
    one, two = (x - x.mean(axis=1, keepdims=True) for x in (one, two))
    deviations = [np.sqrt(np.einsum("nc,nc->n", x, x) / x.shape[1]) for x in (one, two)]
    both = np.einsum("nc,nc->n", one, two) / one.shape[1]
    unlike = 1 - (both / (deviations[0] * deviations[1] + 1e-6)) ** 2
    return np.maximum(*deviations) ** 2 * unlike <= LEVELS_FINE**2
