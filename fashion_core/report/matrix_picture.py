"""The whole of a confusion matrix as a PNG of one pixel a cell, and how strongly a cell stands out.

Takes counts (int, K x K, rows true); knows no page.
"""

import base64
import io

import numpy as np
from PIL import Image

RIGHT, WRONG = (58, 153, 112), (208, 84, 72)  # between the light theme's and the dark one's: one picture is in both
WEAKEST = 0.35  # opacity of the weakest cell that is not empty
SMOOTH = 400  # pixels; a larger picture is drawn smaller than it is: smoothed, with a cell spread over its neighbours


def strengths(matrix_KK: np.ndarray) -> np.ndarray:
    """0 to 1 for each cell: its share of the row, errors on a square-root scale so that a 1 is seen beside a 480."""
    share_KK = matrix_KK / np.maximum(matrix_KK.sum(axis=1, keepdims=True), 1)
    right_KK = np.eye(len(matrix_KK), dtype=bool)
    wrong_KK = np.where(right_KK, 0, share_KK)
    return np.where(right_KK, share_KK, np.sqrt(wrong_KK / (wrong_KK.max() or 1.0)))


def address(matrix_KK: np.ndarray) -> str:
    """The picture as an address that holds it, for a page without files."""
    return f"data:image/png;base64,{base64.b64encode(png(matrix_KK)).decode('ascii')}"


def png(matrix_KK: np.ndarray) -> bytes:
    """Green is right, red is wrong, the stronger the more of its row (errors on a square-root scale); empty is
    transparent. Of more than ``SMOOTH`` classes a cell stands on its empty neighbours too: alone it would not be seen.
    """
    matrix_KK = np.asarray(matrix_KK)
    right_KK = np.eye(len(matrix_KK), dtype=bool)
    pixels_KK4 = np.zeros((*matrix_KK.shape, 4), dtype=np.uint8)
    pixels_KK4[..., :3] = np.where(right_KK[..., None], RIGHT, WRONG)
    pixels_KK4[..., 3] = np.round(255 * (WEAKEST + (1 - WEAKEST) * strengths(matrix_KK)))
    pixels_KK4[matrix_KK == 0] = 0  # one value for nothing compresses to a tenth of many
    if len(matrix_KK) > SMOOTH:
        pixels_KK4 = _spread(pixels_KK4)
    buffer = io.BytesIO()
    Image.fromarray(pixels_KK4, "RGBA").save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _spread(pixels_KK4: np.ndarray) -> np.ndarray:
    """Each empty pixel becomes as the strongest of the eight around it."""
    K = len(pixels_KK4)
    padded = np.pad(pixels_KK4, ((1, 1), (1, 1), (0, 0)))
    found = pixels_KK4.copy()
    for down in range(3):
        for right in range(3):
            beside = padded[down : down + K, right : right + K]
            better = (pixels_KK4[..., 3] == 0) & (beside[..., 3] > found[..., 3])
            found[better] = beside[better]
    return found
