"""Which photos of a dataset are one photograph: found by their edges, laid over each other, judged by edges and colour.

Takes the measures and sizes of photos and a pixel cache; gives pairs, each with its kind and how well it agrees. Knows
nothing of files, labels or splits.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from fashion_core.data.audit import likeness, nearest, outlines, small
from fashion_core.data.pixels import in_threads

SAME, MIRRORED, VARIANT = 0, 1, 2  # one photo; one photo flipped; one shot in another colour
# Chosen by looking at all four sets: every pair judged by eye in the catalogue sample (60 x 80 pixels), copies planted
# in it, in clothing photos and in the drawn set, and pairs of Fashion-MNIST. None was kept back, so what was measured
# on them flatters (LOG: audit-content).
# How far pictures of two things part falls with the pixels there are: an outline that lies
# elsewhere by a share of the picture takes from the agreement of edges what goes with the square of the side, and from
# the colours what goes with the side. The limits are those at FULL and follow that.
NEAR = 0.72  # cosine of two descriptions from which photos are laid over each other: 5 % cut at two sides leave 0.74
NEAR_MIRRORED = 0.85  # a flipped copy is seldom cropped too, and every symmetric thing is its own mirror image
# What cannot be a copy by the mean colours of 4 x 4 places, or one shot in another colour by where its edges lie, is
# not laid over anything. A copy cut by 5 % at two sides has up to these levels, half, three quarters and all of the
# places; 99 of 100 planted ones of each set stay below.
# The ends of what the edges fill part by what is cut away, 9 in 100 at most there; a flipped copy is not cut at all.
TINTS_APART, TINTS_APART_MIRRORED = (24.0, 34.0, 64.0), (12.0, 18.0, 40.0)
BOX_APART, BOX_APART_MIRRORED = 0.1, 0.05
VARIANT_NEAR, VARIANT_BOX = 0.92, 0.04  # cosine of two descriptions; how far the ends of what the edges fill may part
SIDES = (64, 48)  # photos are compared at the finest of these that both have pixels for
FULL = 48
APART, PLACES_APART, WORST_APART = 0.06, 0.08, 0.15  # how much of likeness.Likeness may lack of 1
COLOUR = 12.0  # levels; white balance changed by 10 %: up to 9, a lipstick of another shade: 13 and more
TINT, TINT_OF_NOISE = 9.0, 12.0  # levels of hue; more for each level by which encoding changed fine detail
VARIANT_APART = 0.07  # place by place, of one shot in another colour
STILL = 0.015  # of a photo: one shot in another colour lies where it lay
STRETCH = 0.025  # a copy keeps its shape: how far width and height may part, as a logarithm
# A copy that was halved, or saved at quality 40, has lost fine edges, but keeps them at half the side. Told of photos
# with enough pixels, and of two with unlike numbers of them.
BLURRED_EDGES, BLURRED_WORST, BLURRED_HALF, BLURRED_COLOUR = 0.86, 0.70, 0.955, 20.0
RESIZED = 1.3
SAVED_STILL, SAVED_COLOUR = 0.006, 8.0  # of two with as many: ties and wallets of one cut lie less exactly
HASTY, HASTY_EDGES, HASTY_COLOUR = (
    32,
    0.86,
    36.0,
)  # before the finest look: a copy has 0.9 at that side, most others less
_LAID, _COMPARED = 64, 32  # pairs worked on at once: their arrays stay near the processor


@dataclass(frozen=True)
class Matches:
    """Pairs first < second; ``kind`` is SAME, MIRRORED or VARIANT, ``edges`` a share of 1, ``colour`` in levels.

    ``num_crowded`` photos had more look-alikes than were compared.
    """

    first: np.ndarray
    second: np.ndarray
    kind: np.ndarray
    edges: np.ndarray
    colour: np.ndarray
    num_crowded: int = 0

    def of(self, kind: int) -> "Matches":
        rows = self.kind == kind
        return Matches(
            self.first[rows], self.second[rows], self.kind[rows], self.edges[rows], self.colour[rows], self.num_crowded
        )


Pixels = Callable[[np.ndarray], np.ndarray]  # rows -> uint8 B x S x S x 3
Tell = Callable[[int, int], None]


def find(
    measured_N: np.ndarray, sizes_N2: np.ndarray, pixels: Pixels, tell: Tell = lambda done, total: None
) -> Matches:
    """All matches among photos, given a measures.RECORD and (width, height) of each."""
    large = np.flatnonzero(sizes_N2.min(axis=1) >= small.FEW)
    found = [_of_small(measured_N, sizes_N2, pixels, tell)]
    place_N = np.full(len(sizes_N2), -1)
    place_N[large] = np.arange(len(large))
    known = place_N[np.stack(found[0][0][:2])]
    known = known[:, (known >= 0).all(axis=0)]
    found.append(_of_large(measured_N[large], sizes_N2[large], lambda rows: pixels(large[rows]), known, tell))
    crowded = max(more for _, more in found)
    found[1][0][0], found[1][0][1] = (large[rows] for rows in found[1][0][:2])
    columns = [np.concatenate([part[column] for part, _ in found]) for column in range(5)]
    order = np.lexsort((columns[1], columns[0]))
    first, second, kind, edges, colour = (column[order] for column in columns)
    return Matches(first, second, kind, edges, colour, crowded)


def _of_small(measured_N: np.ndarray, sizes_N2: np.ndarray, pixels: Pixels, tell: Tell) -> tuple[list[np.ndarray], int]:
    """first, second, kind, edges, colour; and how many were crowded: of pairs of which one has few pixels."""
    first, second, flipped, crowded = small.pairs(measured_N["tiny"], sizes_N2, pixels, tell)
    edges, colour = np.empty(len(first), np.float32), np.empty(len(first), np.float32)
    for block in _blocks(len(first), _COMPARED):
        one, two = small.turned(pixels(first[block]), flipped[block]), pixels(second[block])
        whole = np.broadcast_to(outlines.WHOLE, (len(one), 4))
        edges[block], colour[block] = likeness.edges_and_colour(one, two, whole, HASTY // 2)
    return [first, second, np.where(flipped, MIRRORED, SAME), edges, colour], crowded


def _of_large(
    measured_N: np.ndarray, sizes_N2: np.ndarray, pixels: Pixels, known_2P: np.ndarray, tell: Tell
) -> tuple[list[np.ndarray], int]:
    """The same, of pairs of which both have enough, without the ones that are known."""
    features_NF = measured_N["features"]
    crowded, parts, num = 0, [], len(measured_N)
    seen = known_2P[0] * num + known_2P[1]
    whole_N = small.whole(sizes_N2, pixels)
    for mirrored in (False, True) if num else ():
        queries_NF = outlines.mirrored(features_NF) if mirrored else features_NF
        query, row, _, more = nearest.pairs(features_NF, queries_NF, NEAR_MIRRORED if mirrored else NEAR)
        crowded = max(crowded, more)
        keys = np.setdiff1d(np.unique(np.minimum(query, row) * num + np.maximum(query, row)), seen)
        first, second = np.divmod(keys, max(num, 1))
        likely = _likely(measured_N, first, second, mirrored)
        first, second = first[likely], second[likely]
        fixed = whole_N[first] & whole_N[second] & (sizes_N2[first] == sizes_N2[second]).all(axis=1)
        if not mirrored:
            parts.append(_shades(measured_N, pixels, first[fixed], second[fixed]))
        found = _judged(measured_N, sizes_N2, pixels, first[~fixed], second[~fixed], mirrored, tell)
        parts.append(found)
        seen = np.concatenate([seen, found[0] * num + found[1]])
    if not parts:
        parts = [(*(np.empty(0, np.int64),) * 3, *(np.empty(0, np.float32),) * 2)]
    return [np.concatenate([part[column] for part in parts]) for column in range(5)], crowded


def _likely(measured_N: np.ndarray, first: np.ndarray, second: np.ndarray, mirrored: bool) -> np.ndarray:
    """Which pairs may match, by their mean colours or the place of their edges alone: a hundredth of the work of laying
    one over the other."""
    likely: np.ndarray = np.zeros(len(first), bool)
    tints_N, box_N4, features_NF = measured_N["tints"], measured_N["box"], measured_N["features"]
    for block in _blocks(len(first), 4096):
        one_B, two_B = first[block], second[block]
        tints = tints_N[one_B].astype(np.float32)
        apart = likeness.tints_apart(tints[..., ::-1] if mirrored else tints, tints_N[two_B].astype(np.float32))
        box = outlines.mirrored_window(box_N4[one_B]) if mirrored else box_N4[one_B]
        moved = np.abs(box - box_N4[two_B]).max(axis=1)
        fits = np.all(apart <= (TINTS_APART_MIRRORED if mirrored else TINTS_APART), axis=1)
        fits &= moved <= (BOX_APART_MIRRORED if mirrored else BOX_APART)
        if not mirrored:
            still = (moved <= VARIANT_BOX) & ~fits
            rows = np.flatnonzero(still)
            one, two = (features_NF[some[rows]].astype(np.float32) for some in (one_B, two_B))
            fits[rows] = (one * two).sum(axis=1) >= VARIANT_NEAR
        likely[block] = fits
    return np.flatnonzero(likely)


@dataclass(frozen=True)
class _Laid:
    """Pairs laid over each other: their pictures, their rows among the pairs, and the window that says how."""

    one: np.ndarray
    two: np.ndarray
    rows: np.ndarray
    window: np.ndarray

    def take(self, kept: np.ndarray) -> "_Laid":
        """Those of the pairs, by place."""
        return _Laid(self.one[kept], self.two[kept], self.rows[kept], self.window[kept])

    def still(self, most: float) -> np.ndarray:
        """Which were moved by no more than such a share of the photo."""
        return np.all(np.abs(self.window - outlines.WHOLE) <= most, axis=1)


@dataclass(frozen=True, kw_only=True)
class _Pairs:
    """Pairs of photos that may match, by their rows; the first picture of each is flipped where ``mirrored``."""

    measured_N: np.ndarray
    pixels: Pixels
    first: np.ndarray
    second: np.ndarray
    mirrored: bool
    shape: np.ndarray  # how much wider for its height the first is
    resized: np.ndarray  # whether one has many more pixels than the other

    def lay(self, block: slice) -> tuple[np.ndarray, np.ndarray]:
        """The rows of those that look alike when one is laid over the other, and the window of each."""
        one, two = (
            _small(self.measured_N[rows[block]], flipped)
            for rows, flipped in ((self.first, self.mirrored), (self.second, False))
        )
        rows, window = likeness.laid_over(one, two, not self.mirrored, self.shape[block])
        return rows + block.start, window

    def judge(self, block: tuple[int, np.ndarray, np.ndarray]) -> tuple[np.ndarray, ...]:
        """first, second, kind, edges, colour of those laid pairs that match at a side: hastily, then finely."""
        side, rows, window = block
        laid = self._likely(_Laid(self._first_pictures(rows), self.pixels(self.second[rows]), rows, window))
        near = likeness.edges_agree(laid.one, laid.two, laid.window, side) >= BLURRED_EDGES  # no kind has less
        laid = laid.take(np.flatnonzero(near))
        edges, colour = likeness.edges_and_colour(laid.one, laid.two, laid.window, side // 2)
        left = np.flatnonzero((colour <= BLURRED_COLOUR) | (laid.still(STILL) & (not self.mirrored)))
        laid, coarse = laid.take(left), (edges[left], colour[left])
        kind, edges, colour = _kinds(laid, coarse, self.resized[laid.rows], side, self.mirrored)
        kept = kind >= 0
        rows = laid.rows[kept]
        return self.first[rows], self.second[rows], kind[kept], edges[kept], colour[kept]

    def _first_pictures(self, rows: np.ndarray) -> np.ndarray:
        pictures = self.pixels(self.first[rows])
        return pictures[:, :, ::-1] if self.mirrored else pictures

    def _likely(self, laid: _Laid) -> _Laid:
        """Those whose colours and edges agree at a coarse side, laid to a fraction of a pixel and not stretched."""
        colour = likeness.edges_and_colour(_thinned(laid.one), _thinned(laid.two), laid.window, HASTY // 2)[1]
        laid = laid.take(np.flatnonzero((colour <= HASTY_COLOUR) | (laid.still(2 * STILL) & (not self.mirrored))))
        laid = laid.take(np.flatnonzero(likeness.edges_agree(laid.one, laid.two, laid.window, HASTY) >= HASTY_EDGES))
        laid = replace(laid, window=likeness.refined(laid.one, laid.two, laid.window))
        return laid.take(np.flatnonzero(np.abs(likeness.stretch(laid.window, self.shape[laid.rows])) <= STRETCH))


def _judged(
    measured_N: np.ndarray,
    sizes_N2: np.ndarray,
    pixels: Pixels,
    first: np.ndarray,
    second: np.ndarray,
    mirrored: bool,
    tell: Tell,
) -> tuple[np.ndarray, ...]:
    """first, second, kind, edges, colour of those pairs that match; the first picture of each is flipped if asked."""
    side_N = np.minimum(sizes_N2.min(axis=1), pixels(np.zeros(1, int)).shape[1]) if len(first) else np.empty(0, int)
    side = np.minimum(side_N[first], side_N[second])
    wide_N = sizes_N2[:, 0] / np.maximum(sizes_N2[:, 1], 1)
    pairs = _Pairs(
        measured_N=measured_N,
        pixels=pixels,
        first=first,
        second=second,
        mirrored=mirrored,
        shape=(wide_N[first] / wide_N[second]).astype(np.float32),
        resized=np.maximum(side_N[first], side_N[second]) >= RESIZED * side,
    )
    laid = [(np.empty(0, np.int64), np.empty((0, 4), np.float32))]
    for part in in_threads(pairs.lay, list(_blocks(len(first), _LAID))):
        laid.append(part)
        tell(min(_LAID * len(laid), len(first)), len(first))
    rows, window = (np.concatenate([part[column] for part in laid]) for column in range(2))
    empty = np.empty(0, np.float32)
    found = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64), empty, empty)]
    for fine in SIDES:
        finer = min((size for size in SIDES if size > fine), default=np.inf)
        of_side = np.flatnonzero((side[rows] >= fine) & (side[rows] < finer))
        blocks = [of_side[block] for block in _blocks(len(of_side), _COMPARED)]
        found += list(in_threads(pairs.judge, [(fine, rows[some], window[some]) for some in blocks]))
    first, second, kind, edges, colour = (np.concatenate([part[column] for part in found]) for column in range(5))
    return first, second, kind, edges, colour


def _shades(measured_N: np.ndarray, pixels: Pixels, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, ...]:
    """The same as ``_judged``, of files of one size that the cache holds whole. What is one photo among them is known;
    another shade lies where the first one lies, so nothing is moved."""

    def judge(block: slice) -> tuple[np.ndarray, ...]:
        one_B, two_B = first[block], second[block]
        whole = np.broadcast_to(outlines.WHOLE, (len(one_B), 4))
        for side, least in ((HASTY // 2, HASTY_EDGES), (HASTY, HASTY_EDGES)):
            one, two = (outlines.shrunk(measured_N["tiny"][rows], side) for rows in (one_B, two_B))
            near = likeness.fields_agree(one, two) >= least
            one_B, two_B = one_B[near], two_B[near]
        fine = likeness.compare(
            likeness.halved(pixels(one_B)), likeness.halved(pixels(two_B)), whole[: len(one_B)], FULL
        )
        kept = (fine.worst >= 1 - WORST_APART) & _one_shot(fine)
        kind = np.full(int(kept.sum()), VARIANT)
        return one_B[kept], two_B[kept], kind, fine.edges[kept], fine.colour[kept]

    found = [(*(np.empty(0, np.int64),) * 3, *(np.empty(0, np.float32),) * 2)]
    found += in_threads(judge, list(_blocks(len(first), _LAID)))
    return tuple(np.concatenate([part[column] for part in found]) for column in range(5))


def _one_shot(fine: likeness.Likeness) -> np.ndarray:
    return (fine.edges >= 1 - APART) & (fine.places >= 1 - VARIANT_APART)


def _kinds(
    laid: _Laid, coarse: tuple[np.ndarray, np.ndarray], resized: np.ndarray, side: int, mirrored: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """SAME, MIRRORED, VARIANT or -1 of each pair, with its edges and colour; ``coarse`` is both at half the side."""
    fine = likeness.compare(laid.one, laid.two, laid.window, side)
    coarse_edges, coarse_colour = coarse
    share = side / FULL
    still = laid.still(STILL)
    sharp = (
        (fine.edges >= 1 - APART * share**2)
        & (fine.places >= 1 - PLACES_APART * share**2)
        & (fine.worst >= 1 - WORST_APART * share**2)
    )
    colour = np.minimum(fine.colour, coarse_colour)  # JPEG's errors fall with the side, those of another colour do not
    same = sharp & (colour <= COLOUR * min(share, 1))
    blurred = (fine.edges >= BLURRED_EDGES) & (fine.worst >= BLURRED_WORST) & (coarse_edges >= BLURRED_HALF)
    halved = resized & (colour <= BLURRED_COLOUR)
    saved = laid.still(SAVED_STILL) & (coarse_colour <= SAVED_COLOUR) & (fine.colour <= BLURRED_COLOUR)
    same |= blurred & still & (halved | saved) & (not mirrored)
    shade = same & still & (fine.tint > TINT + TINT_OF_NOISE * fine.noise)
    same &= ~shade
    variant = (sharp | shade) & ~same & still & _one_shot(fine) & (not mirrored)
    kind = np.where(same, MIRRORED if mirrored else SAME, np.where(variant, VARIANT, -1))
    return kind, fine.edges, colour


def _small(measured_B: np.ndarray, flipped: bool) -> likeness.Small:
    grey, hues, box = measured_B["tiny"].astype(np.float32), measured_B["hues"].astype(np.float32), measured_B["box"]
    if flipped:
        grey, hues, box = grey[..., ::-1], hues[..., ::-1], outlines.mirrored_window(box)
    return likeness.Small(grey, hues, box)


def _thinned(pictures: np.ndarray) -> np.ndarray:
    """Every second pixel of every second row of larger pictures: enough for their colours."""
    return pictures[:, ::2, ::2] if pictures.shape[1] >= 4 * HASTY else pictures


def _blocks(num: int, size: int) -> Iterator[slice]:
    return (slice(start, min(start + size, num)) for start in range(0, num, size))
