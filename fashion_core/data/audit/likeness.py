"""Whether two pictures are one photograph: laid over each other, edge by edge and colour by colour.

Takes pairs of pictures of a pixel cache and the box that the edges of each fill; gives for each pair how well edges and
colours agree. Knows nothing of files or datasets, and nothing of what is called a copy.
"""

from dataclasses import dataclass

import numpy as np

from fashion_core.data.audit import outlines

# B pairs, S side of the compared pictures
_STEPS = ((16, 2, 0.82), (32, 2, 0.74))  # (side, rounds, agreement below which a pair is given up): coarsely first
_BEGINS = 0.5  # agreement of edges before anything is moved
_GREY = (0.94, 0.94)  # correlation of the grey pictures at each step: one photo has it, cropped or lighter
_LIES, _LIES_AGREES = 0.03, 0.94  # or else the frame is the same to so much of it, and the edges agree so well
_STRETCH = (0.2, 0.05)  # and the two photos' widths and heights part by no more, as a logarithm
_FINEST = 64
_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)  # of red, green and blue: ITU-R BT.601
_PLACES = 8
_MOST = 0.3  # a window may end so far outside the other photo, in shares of it
_FAR = 0.25  # and begin so far outside, or it is not tried
_WHITE = 248
_HUES = (24.0, 34.0, 70.0)  # levels by which half, three quarters and all of 8 x 8 places may part, laid over coarsely


@dataclass(frozen=True)
class Likeness:
    """Of B pairs, each number float32 B."""

    edges: np.ndarray  # correlation of the edges, -1 to 1
    places: np.ndarray  # the same place by place, so that a pattern counts beside an outline: the mean
    worst: np.ndarray  # and what 15 % of the edges do not reach
    colour: np.ndarray  # how far colours differ where they do most, 0 to 255, beyond what a shift by a pixel explains
    tint: np.ndarray  # how far hues differ, on average over a place a tenth of the side wide, where they do most
    noise: np.ndarray  # levels by which fine detail differs over the middle half of what is shown: what encoding leaves


def compare(first_BSS3: np.ndarray, second_BSS3: np.ndarray, window_B4: np.ndarray, side: int) -> Likeness:
    """uint8 pictures laid over each other by ``window_B4``; ``side`` is the finest that both have pixels for."""
    seen, other, inside = _over(first_BSS3, second_BSS3, window_B4, side)
    one_edges, other_edges, inner = (
        outlines.edges(_grey_of_planes(seen)),
        outlines.edges(_grey_of_planes(other)),
        _inner(inside),
    )
    places, worst = _place_by_place(one_edges, other_edges, inner)
    agreement = correlation(one_edges, other_edges, inner)
    gain = _gains(seen, other, inside)
    colour = _colour_apart(seen, other, inside, gain)
    return Likeness(agreement, places, worst, colour, *_tint_apart(seen, other, inside, gain))


def edges_agree(first_BSS3: np.ndarray, second_BSS3: np.ndarray, window_B4: np.ndarray, side: int) -> np.ndarray:
    """``Likeness.edges`` alone."""
    one, other = (grey(x.astype(np.float32)) for x in (first_BSS3, second_BSS3))
    seen, inside = outlines.seen_through(one[:, None], window_B4, side)
    coarse, _ = outlines.seen_through(other[:, None], np.broadcast_to(outlines.WHOLE, window_B4.shape), side)
    return correlation(outlines.edges(seen[:, 0]), outlines.edges(coarse[:, 0]), _inner(inside))


def fields_agree(one_BSS: np.ndarray, other_BSS: np.ndarray) -> np.ndarray:
    """``Likeness.edges`` of grey pictures that lie as they are."""
    everywhere = np.ones(one_BSS.shape, bool)
    return correlation(outlines.edges(one_BSS), outlines.edges(other_BSS), _inner(everywhere))


def edges_and_colour(
    first_BSS3: np.ndarray, second_BSS3: np.ndarray, window_B4: np.ndarray, side: int
) -> tuple[np.ndarray, np.ndarray]:
    """``Likeness.edges`` and ``colour`` alone, at a side that need not part into places."""
    seen, other, inside = _over(first_BSS3, second_BSS3, window_B4, side)
    agreement = correlation(
        outlines.edges(_grey_of_planes(seen)), outlines.edges(_grey_of_planes(other)), _inner(inside)
    )
    return agreement, _colour_apart(seen, other, inside, _gains(seen, other, inside))


def _over(first_BSS3: np.ndarray, second_BSS3: np.ndarray, window_B4: np.ndarray, side: int) -> tuple[np.ndarray, ...]:
    """The part of the first that the second shows, and the second: B x 3 x side x side; and where both are."""
    first, second = (x.astype(np.float32).transpose(0, 3, 1, 2) for x in (first_BSS3, second_BSS3))
    seen, inside = outlines.seen_through(first, window_B4, side)
    other, _ = outlines.seen_through(second, np.broadcast_to(outlines.WHOLE, window_B4.shape), side)
    return seen, other, inside


def _place_by_place(one: np.ndarray, other: np.ndarray, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Agreement of _PLACES x _PLACES places, each weighted by the root of its edges: its mean and its lower end. Edges
    that one picture lacks count as much against it as edges that run otherwise."""
    num, _, size, _ = one.shape
    step = size // _PLACES

    def summed(product: np.ndarray) -> np.ndarray:
        there = (product.sum(axis=1) * inside).reshape(num, _PLACES, step, _PLACES, step)
        return there.sum(axis=(2, 4)).reshape(num, _PLACES * _PLACES)

    both, first, second = summed(one * other), summed(one * one), summed(other * other)
    noise = np.float32(step * step / 2)
    agreement, more = (2 * both + noise) / (first + second + noise), np.maximum(first, second)
    weight = np.where(more > noise, np.sqrt(more), 0)
    total = np.maximum(weight.sum(axis=1), 1e-9)
    order = np.argsort(agreement, axis=1)
    below = np.cumsum(np.take_along_axis(weight, order, 1), axis=1) < 0.15 * total[:, None]
    at = np.minimum(below.sum(axis=1), agreement.shape[1] - 1)
    return (agreement * weight).sum(axis=1) / total, agreement[np.arange(num), order[np.arange(num), at]]


def tints_apart(one_B3CC: np.ndarray, other_B3CC: np.ndarray) -> np.ndarray:
    """B x 3: by how many levels mean colours of a few places part, light set aside: half, three quarters and all of the
    places part by no more."""
    gain = (one_B3CC * other_B3CC).sum(axis=(2, 3)) / ((one_B3CC * one_B3CC).sum(axis=(2, 3)) + 1)
    apart = np.abs(other_B3CC - np.clip(gain, 0.8, 1.25)[:, :, None, None] * one_B3CC).max(axis=1)
    num = apart.shape[1] * apart.shape[2]
    apart = np.sort(apart.reshape(len(apart), num), axis=1)
    return apart[:, [num // 2, 3 * num // 4, num - 1]]


def halved(pictures_BSS3: np.ndarray) -> np.ndarray:
    """uint8, the mean of each four pixels."""
    rows = np.add(pictures_BSS3[:, ::2], pictures_BSS3[:, 1::2], dtype=np.uint16)
    return ((rows[:, :, ::2] + rows[:, :, 1::2] + 2) >> 2).astype(np.uint8)


def grey(pixels_BSS3: np.ndarray) -> np.ndarray:
    return pixels_BSS3 @ _BRIGHTNESS


def _grey_of_planes(pixels_B3SS: np.ndarray) -> np.ndarray:
    """The same of colours that lie as planes; the last bits differ from ``grey``'s, and thresholds were measured so."""
    return np.tensordot(pixels_B3SS, _BRIGHTNESS, (1, 0))


def _inner(inside_BSS: np.ndarray) -> np.ndarray:
    """Where an edge can be measured: all four neighbours are inside."""
    inner = np.zeros_like(inside_BSS)
    inner[:, 1:-1, 1:-1] = (
        inside_BSS[:, 1:-1, 1:-1]
        & inside_BSS[:, :-2, 1:-1]
        & inside_BSS[:, 2:, 1:-1]
        & inside_BSS[:, 1:-1, :-2]
        & inside_BSS[:, 1:-1, 2:]
    )
    return inner


def correlation(one_B2SS: np.ndarray, other_B2SS: np.ndarray, inside_BSS: np.ndarray) -> np.ndarray:
    """-1 to 1 for each pair of fields of edges."""
    shown = one_B2SS * inside_BSS[:, None]
    power = _dot(shown, one_B2SS) * _dot(other_B2SS * inside_BSS[:, None], other_B2SS)
    return _dot(shown, other_B2SS) / np.sqrt(power + 1e-9)


@dataclass(frozen=True)
class Small:
    """Small pictures of B photos."""

    grey: np.ndarray  # float32 B x S x S
    hues: np.ndarray  # float32 B x 3 x s x s, in colour
    box: np.ndarray  # B x 4: what their edges fill


def laid_over(first: Small, second: Small, variants: bool, shape_B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows, window): the pairs of small grey pictures that may show one photo or one shot, and the part of the first
    picture that shows what the second shows. Coarsely first: most pairs are told apart by a sixteenth of the work.

    ``shape_B`` is width to height of the first photos in shares of that of the second: a copy keeps its shape.
    One shot in another colour is looked for where ``variants`` says so.
    """
    rows, windows = np.arange(len(shape_B)), np.empty((0, 4), np.float32)
    for (side, rounds, least), least_grey, most in zip(_STEPS, _GREY, _STRETCH, strict=True):
        fine, coarse = first.grey[rows], outlines.shrunk(second.grey[rows], side)
        one, other = outlines.edges(outlines.shrunk(fine, side)), outlines.edges(coarse)
        coarsest = side == _STEPS[0][0]
        if coarsest:
            windows, agreement = _start(one, other, first.box, second.box)
            rows = np.flatnonzero(agreement >= _BEGINS)
            fine, coarse, one, other, windows = fine[rows], coarse[rows], one[rows], other[rows], windows[rows]
        windows = _moved(one, other, windows, rounds)
        seen, inside = outlines.seen_through(fine[:, None], windows, side)
        agreement = correlation(outlines.edges(seen[:, 0]), other, _inner(inside))
        likely = agreement >= least
        lies = (np.abs(windows - outlines.WHOLE) <= _LIES).all(axis=1) & (agreement >= _LIES_AGREES) & variants
        likely &= np.abs(stretch(windows, shape_B[rows])) <= most
        likely &= lies | (_grey_correlation(seen[:, 0], coarse, inside) >= least_grey)
        if coarsest:
            maybe = np.flatnonzero(likely & ~lies)
            likely[maybe] = _hues_agree(first.hues[rows[maybe]], second.hues[rows[maybe]], windows[maybe])
        kept = np.flatnonzero(likely)
        rows, windows = rows[kept], windows[kept]
    return rows, windows


def _hues_agree(first_B3ss: np.ndarray, second_B3ss: np.ndarray, window_B4: np.ndarray) -> np.ndarray:
    half = first_B3ss.shape[-1] // 2
    seen, _ = outlines.seen_through(first_B3ss, window_B4, half)
    num = len(seen)
    other = second_B3ss.reshape(num, 3, half, 2, half, 2).mean(axis=(3, 5))
    return np.all(tints_apart(seen, other) <= _HUES, axis=1)


def stretch(window: np.ndarray, shape_B: np.ndarray) -> np.ndarray:
    """How much more the first photo is drawn out across than down to lie on the second, a logarithm."""
    return np.log((window[:, 1] - window[:, 0]) / (window[:, 3] - window[:, 2]) * shape_B)


def _grey_correlation(one: np.ndarray, other: np.ndarray, inside: np.ndarray) -> np.ndarray:
    num = np.maximum(inside.sum(axis=(1, 2)), 1)[:, None, None]
    one = (one - (one * inside).sum(axis=(1, 2), keepdims=True) / num) * inside
    other = (other - (other * inside).sum(axis=(1, 2), keepdims=True) / num) * inside
    return _dot(one, other) / np.sqrt(_dot(one, one) * _dot(other, other) + 1e-9)


def refined(first_BSS3: np.ndarray, second_BSS3: np.ndarray, window_B4: np.ndarray) -> np.ndarray:
    """The windows laid to a fraction of a pixel, for pairs that are left."""
    side = min(_FINEST, first_BSS3.shape[1])
    one, other = (outlines.edges(outlines.shrunk(grey(x.astype(np.float32)), side)) for x in (first_BSS3, second_BSS3))
    return _moved(one, other, window_B4, 3)


def _start(
    one: np.ndarray, other: np.ndarray, first_box: np.ndarray, second_box: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Whole on whole or box on box, whichever agrees better."""
    whole = np.broadcast_to(outlines.WHOLE, first_box.shape)
    box = _box_on_box(first_box, second_box)
    agreement = [correlation(seen, other, inside) for seen, inside in (_between(one, whole), _between(one, box))]
    near = (np.abs(box - outlines.WHOLE) < _FAR).all(axis=1) & (agreement[1] > agreement[0])
    window = np.where(near[:, None], box, whole).astype(np.float32)
    return window, np.where(near, agreement[1], agreement[0])


def _box_on_box(first_box: np.ndarray, second_box: np.ndarray) -> np.ndarray:
    window = np.empty_like(first_box)
    for low in (0, 2):
        scale = (first_box[:, low + 1] - first_box[:, low]) / np.maximum(
            second_box[:, low + 1] - second_box[:, low], 1e-3
        )
        window[:, low] = first_box[:, low] - scale * second_box[:, low]
        window[:, low + 1] = window[:, low] + scale
    return window


def _moved(one: np.ndarray, other: np.ndarray, window: np.ndarray, rounds: int) -> np.ndarray:
    """Gauss-Newton on the four ends of the window; what agrees no better than before is not taken."""
    num, _, size, _ = other.shape
    across = ((np.arange(size) + 0.5) / size).astype(np.float32)
    down = across[:, None]
    slopes = np.empty((num, 4, 2, size, size), np.float32)
    was, moved = window, window
    for number in range(rounds):
        seen, weight = _between(one, moved)
        if not number:
            before = correlation(seen, other, weight)
        for place, along, low in ((0, seen, 0), (2, seen.swapaxes(2, 3), 2)):
            slope = slopes[:, place + 1] if not low else slopes[:, place + 1].swapaxes(2, 3)
            slope[..., 1:-1] = along[..., 2:] - along[..., :-2]
            slope[..., 0] = 2 * (along[..., 1] - along[..., 0])
            slope[..., -1] = 2 * (along[..., -1] - along[..., -2])
            slope *= (size / 2 / (moved[:, low + 1] - moved[:, low]))[:, None, None, None]
        for place, share in ((0, across), (2, down)):
            np.multiply(slopes[:, place + 1], 1 - share, out=slopes[:, place])
            slopes[:, place + 1] *= share
        heavy = seen * weight[:, None]
        gain = _dot(heavy, other) / (_dot(heavy, seen) + 1e-6)
        miss = other * weight[:, None] - gain[:, None, None, None] * heavy
        flat = slopes.reshape(num, 4, 2 * size * size)
        square = flat @ flat.transpose(0, 2, 1) * (gain**2)[:, None, None]
        square += np.eye(4, dtype=np.float32) * (
            1e-3 * np.trace(square, axis1=1, axis2=2)[:, None, None] + np.float32(1e-6)
        )
        right = flat @ miss.reshape(num, 2 * size * size, 1) * gain[:, None, None]
        moved = moved + np.clip(np.linalg.solve(square, right)[:, :, 0], -0.02, 0.02)
    seen, inside = _between(one, moved)
    taken = (correlation(seen, other, inside) > before) & (np.abs(moved - outlines.WHOLE) < _MOST).all(axis=1)
    return np.where(taken[:, None], moved, was)


def _dot(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of each picture with its other: the sum of their products."""
    num = len(one)
    return np.einsum("bn,bn->b", one.reshape(num, -1), other.reshape(num, -1)) if num else np.empty(0, np.float32)


def _between(fields: np.ndarray, window: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fields through a window by linear interpolation, and how much of each place lies inside."""
    size = fields.shape[-1]
    weights = []
    for low in (2, 0):
        at = window[:, low, None] + (window[:, low + 1] - window[:, low])[:, None] * (np.arange(size) + 0.5) / size
        weights.append(np.maximum(0, 1 - np.abs((at * size - 0.5)[..., None] - np.arange(size))).astype(np.float32))
    rows, columns = weights
    inside = rows.sum(axis=2)[:, :, None] * columns.sum(axis=2)[:, None, :]
    return rows[:, None] @ fields @ columns.transpose(0, 2, 1)[:, None], inside


def _gains(seen: np.ndarray, other: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """B x 3: what each channel of ``seen`` is to be multiplied by, within a quarter, most places agreeing. Where white
    stayed white the light did not change its colour, so all channels have one number: a garment's shade is no light."""
    gain = np.ones((len(seen), 3), np.float32)
    usable = inside[:, None] & (seen < 250) & (other < 250)  # what is burnt out does not tell
    prior = np.float32(0.01 * 100**2 * seen.shape[-1] ** 2)
    for _ in range(4):
        apart = np.abs(other - gain[:, :, None, None] * seen)
        weight = usable / (1 + (apart / 8) ** 2)
        gain = ((weight * seen * other).sum(axis=(2, 3)) + prior) / ((weight * seen * seen).sum(axis=(2, 3)) + prior)
        gain = np.clip(gain, 0.8, 1.25).astype(np.float32)
    white = inside & (seen.min(axis=1) >= _WHITE) & (other.min(axis=1) >= _WHITE)
    stayed = white.sum(axis=(1, 2)) > 0.1 * inside.sum(axis=(1, 2))
    return np.where(stayed[:, None], gain.mean(axis=1, keepdims=True), gain)


def _tint_apart(
    seen: np.ndarray, other: np.ndarray, inside: np.ndarray, gain: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """``Likeness.tint`` and ``noise``. Another shade of one shot differs in hue and keeps every detail; a copy that was
    saved again roughly differs in hue, block by block, and in detail everywhere."""
    apart = other - np.minimum(seen * gain[:, :, None, None], 255)
    size = apart.shape[-1]
    broad = _mean_around(apart, max(1, size * 5 // 96)) * inside[:, None]
    red, green, blue = broad[:, 0], broad[:, 1], broad[:, 2]
    tint = np.maximum(np.maximum(np.abs(red - green), np.abs(blue - green)), np.abs(red - blue)).max(axis=(1, 2))
    detail = _grey_of_planes(apart)
    detail = np.abs(detail - _mean_around(detail[:, None], 1)[:, 0])
    shown = inside & (np.minimum(_grey_of_planes(seen), _grey_of_planes(other)) < 245)
    detail = np.where(shown, detail, np.inf).reshape(len(apart), size * size)
    detail.sort(axis=1)
    middle = np.minimum(shown.sum(axis=(1, 2)) // 2, size * size - 1)
    noise = detail[np.arange(len(apart)), middle]
    return tint, np.where(np.isfinite(noise), noise, 0)


def _mean_around(pictures: np.ndarray, reach: int) -> np.ndarray:
    """Of each place and those up to ``reach`` from it."""
    width, size = 2 * reach + 1, pictures.shape[-1]
    padded = np.pad(pictures, ((0, 0), (0, 0), (reach, reach), (reach, reach)), mode="edge")
    rows = np.add.reduce([padded[..., start : start + size, :] for start in range(width)])
    return np.add.reduce([rows[..., start : start + size] for start in range(width)]) / width**2


def _colour_apart(seen: np.ndarray, other: np.ndarray, inside: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """How far colours lie apart where they do most: by the 1 in 256 places that differ most, beyond the range that the
    places next to each one span."""
    seen, other = _as_jpeg_keeps(np.minimum(seen * gain[:, :, None, None], 255)), _as_jpeg_keeps(other)
    apart = np.maximum(_beyond(seen, other), _beyond(other, seen)).max(axis=1) * inside
    flat = apart.reshape(len(apart), apart.shape[-1] ** 2)
    place = flat.shape[1] - max(1, flat.shape[1] // 256)
    return np.partition(flat, place, axis=1)[:, place]


def _as_jpeg_keeps(picture_B3SS: np.ndarray) -> np.ndarray:
    """Each place's brightness with the colour of its neighbourhood: JPEG keeps colours roughly, at half the side."""
    grey_B1SS = _grey_of_planes(picture_B3SS)[:, None]
    tint, size = picture_B3SS - grey_B1SS, picture_B3SS.shape[-1]
    padded = np.pad(tint, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    rows = padded[:, :, :-2] + padded[:, :, 1:-1] + padded[:, :, 2:]
    return grey_B1SS + (rows[..., :size] + rows[..., 1 : size + 1] + rows[..., 2:]) / 9


def _beyond(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    padded = np.pad(one, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    size = one.shape[-1]
    near = [padded[:, :, row : row + size, column : column + size] for row in range(3) for column in range(3)]
    return np.maximum(np.maximum(other - np.maximum.reduce(near), np.minimum.reduce(near) - other), 0)
