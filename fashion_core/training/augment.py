"""Augment whole batches of photos as tensors, on whatever device they lie.

Takes uint8 batches and what was drawn for them (``draws``); yields floats. The trainer and the Augmentation page call
the same functions with the same draws, so a preview is what the trainer feeds. Knows no files and no model.

B batch, C channels, H height, W width.
"""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from fashion_core.models.input import normalise, to_float
from fashion_core.settings.draws import JITTERS, Draw, Mixture

GREY = (0.2989, 0.587, 0.114)  # ITU-R 601 luma, the weights of torchvision's rgb_to_grayscale
HUE = JITTERS.index("hue")


def augment(images_BHWC: torch.Tensor, drawn: Draw) -> torch.Tensor:
    """uint8 B x H x W x 3 to float32 B x 3 x H x W in 0..1: crop, flip, rotate, colour, erase.

    The order of torchvision's RandomResizedCrop, RandomHorizontalFlip, RandomRotation (nearest, black outside),
    ColorJitter (its four stages in an order drawn for each image) and RandomErasing, with a draw for every image.
    """
    images_BHWC = turn(crop(images_BHWC, drawn.crop_BX), drawn.flip_B, drawn.angle_B)
    return erase(jitter(to_float(images_BHWC), drawn), drawn.erase_BX)


def trace(images_BHWC: torch.Tensor, drawn: Draw) -> Iterator[tuple[str, torch.Tensor]]:
    """The stages that ``augment`` and ``normalise`` go through, each with a copy of the images after it.

    uint8 B x H x W x 3 up to ``rotate``, then float32 B x 3 x H x W. Each image takes the colour stages in its own
    order, so stage names with several images are those of the first; look at one image at a time. The last is bit for
    bit what the model receives.
    """
    yield "resize", images_BHWC.clone()
    images_BHWC = crop(images_BHWC, drawn.crop_BX)
    yield "crop", images_BHWC.clone()
    yield "flip", turn(images_BHWC, drawn.flip_B, np.zeros_like(drawn.angle_B)).clone()
    images_BHWC = turn(images_BHWC, drawn.flip_B, drawn.angle_B)
    yield "rotate", images_BHWC.clone()
    images_BCHW = to_float(images_BHWC)
    for stage_B in drawn.order_BS.T:
        images_BCHW = _stage(images_BCHW, drawn, stage_B) if _jitters(drawn) else images_BCHW
        yield JITTERS[stage_B[0]], images_BCHW.clone()
    images_BCHW = erase(images_BCHW, drawn.erase_BX)
    yield "erase", images_BCHW.clone()
    yield "normalise", normalise(images_BCHW)


def crop(images_BHWC: torch.Tensor, crop_BX: np.ndarray) -> torch.Tensor:
    """The box of each image stretched to the whole image, bilinear, uint8 as before.

    A box is never larger than the image, so this is torchvision's resized_crop, whose antialiasing only acts when it
    shrinks; source positions are held inside the box, as resizing a cut-out picture does.
    """
    num, height, width, _ = images_BHWC.shape
    if (crop_BX == (0, 0, height, width)).all():
        return images_BHWC
    top, left, tall, wide = torch.from_numpy(crop_BX.astype(np.float32)).to(images_BHWC.device).T[:, :, None]
    y_BH = ((_steps(height, images_BHWC) * tall - 0.5).clamp(min=0).minimum(tall - 1) + top) * (2 / height)
    x_BW = ((_steps(width, images_BHWC) * wide - 0.5).clamp(min=0).minimum(wide - 1) + left) * (2 / width)
    grid_BHW2 = torch.stack(
        [
            (x_BW + (1 / width - 1))[:, None, :].expand(num, height, width),
            (y_BH + (1 / height - 1))[:, :, None].expand(num, height, width),
        ],
        dim=-1,
    )
    found_BCHW = F.grid_sample(
        images_BHWC.permute(0, 3, 1, 2).float(), grid_BHW2, mode="bilinear", padding_mode="border", align_corners=False
    )
    return found_BCHW.round_().clamp_(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def _steps(num: int, like: torch.Tensor) -> torch.Tensor:
    """The middles of ``num`` equal parts of 0..1, 1 x num."""
    return ((torch.arange(num, dtype=torch.float32, device=like.device) + 0.5) / num)[None]


def turn(images_BHWC: torch.Tensor, flip_B: np.ndarray, angle_B: np.ndarray) -> torch.Tensor:
    """Mirror, then rotate about the centre: one gather of the nearest source pixel, black where there is none.

    For an output pixel at (x, y) from the centre the source is R(angle) (x, y), mirrored in x where flipped; y points
    down, so a positive angle turns counter-clockwise, as in torchvision.transforms.functional.rotate.
    """
    if not flip_B.any() and not angle_B.any():
        return images_BHWC
    num, height, width, channels = images_BHWC.shape
    device = images_BHWC.device
    radians_B11 = torch.from_numpy(np.deg2rad(angle_B)).to(device)[:, None, None]
    flip_B11 = torch.from_numpy(flip_B.astype(np.float32)).to(device)[:, None, None]
    y_H1 = (torch.arange(height, dtype=torch.float32, device=device) - (height - 1) / 2)[:, None]
    x_W = torch.arange(width, dtype=torch.float32, device=device) - (width - 1) / 2
    cos, sin = torch.cos(radians_B11), torch.sin(radians_B11)
    x_BHW = (cos * x_W - sin * y_H1).add_((width - 1) / 2).round_()
    x_BHW.mul_(1 - 2 * flip_B11).add_(flip_B11 * (width - 1))  # after rounding, so that ties fall as torchvision's do
    y_BHW = (sin * x_W + cos * y_H1).add_((height - 1) / 2).round_()
    outside_BHW = (x_BHW < 0) | (x_BHW > width - 1) | (y_BHW < 0) | (y_BHW > height - 1)
    source_BHW = y_BHW.clamp_(0, height - 1).mul_(width).add_(x_BHW.clamp_(0, width - 1)).to(torch.int64)
    source_BHW += (torch.arange(num, device=device) * (height * width))[:, None, None]
    # One black pixel stands behind the last photo; what lies outside is taken from there.
    source_BHW.masked_fill_(outside_BHW, num * height * width)
    pixels = torch.cat([images_BHWC.reshape(-1, channels), images_BHWC.new_zeros(1, channels)])
    return pixels.index_select(0, source_BHW.reshape(-1)).reshape(images_BHWC.shape)


def jitter(images_BCHW: torch.Tensor, drawn: Draw) -> torch.Tensor:
    """Brightness, contrast, saturation and hue in each image's own order; floats in 0..1, changed in place."""
    if not _jitters(drawn):
        return images_BCHW
    order_BS = drawn.order_BS
    if not drawn.factors_BS[:, HUE].any():  # a quarter of the work, and the same bits
        order_BS = order_BS[order_BS != HUE].reshape(len(order_BS), HUE)
    for stage_B in order_BS.T:
        images_BCHW = _stage(images_BCHW, drawn, stage_B)
    return images_BCHW


def _jitters(drawn: Draw) -> bool:
    return not (np.all(drawn.factors_BS[:, :HUE] == 1) and np.all(drawn.factors_BS[:, HUE] == 0))


def _stage(images_BCHW: torch.Tensor, drawn: Draw, stage_B: np.ndarray) -> torch.Tensor:
    """One colour stage for each image, in place.

    Brightness, contrast and saturation are blends ``f * image + (1 - f) * reference``, clamped to 0..1: the reference
    is black for brightness, the image's mean grey for contrast, its grey picture for saturation (torchvision's and
    Pillow's definition). So one expression serves the whole batch.
    """
    device = images_BCHW.device
    factor_B = np.take_along_axis(drawn.factors_BS, stage_B[:, None], axis=1)[:, 0]
    shifted_B = np.flatnonzero((stage_B == HUE) & (factor_B != 0))
    factor_B = np.where(stage_B == HUE, np.float32(1), factor_B)
    factor = torch.from_numpy(factor_B).to(device)[:, None, None, None]
    rest = 1 - factor
    to_mean = rest * torch.from_numpy((stage_B == 1).astype(np.float32)).to(device)[:, None, None, None]
    to_grey = rest * torch.from_numpy((stage_B == 2).astype(np.float32)).to(device)[:, None, None, None]
    grey_B1HW = grey_of(images_BCHW)
    reference = grey_B1HW.mean(dim=(2, 3), keepdim=True).mul_(to_mean).add(grey_B1HW.mul_(to_grey))
    images_BCHW.mul_(factor).add_(reference).clamp_(0, 1)
    if len(shifted_B):
        rows = torch.from_numpy(shifted_B).to(device)
        shift = torch.from_numpy(drawn.factors_BS[shifted_B, HUE]).to(device)[:, None, None]
        images_BCHW[rows] = shift_hue(images_BCHW[rows], shift)
    return images_BCHW


def shift_hue(images_BCHW: torch.Tensor, shift_B11: torch.Tensor) -> torch.Tensor:
    """RGB floats in 0..1 with their hue moved by ``shift`` of the colour wheel (1 is once round), as adjust_hue does.

    Foley and van Dam's HSV: hue is where between its neighbours the middle channel lies, in the sextant that the
    largest channel names; value and saturation stay.
    """
    high_BHW, low_BHW = images_BCHW.amax(1), images_BCHW.amin(1)
    spread_BHW = high_BHW - low_BHW
    safe_BHW = torch.where(spread_BHW == 0, torch.ones_like(spread_BHW), spread_BHW)
    red, green, blue = images_BCHW.unbind(1)
    sextant_BHW = torch.where(
        high_BHW == red,
        (green - blue) / safe_BHW,
        torch.where(high_BHW == green, (blue - red) / safe_BHW + 2, (red - green) / safe_BHW + 4),
    )
    turned_BHW = sextant_BHW + 6 * shift_B11
    channels = []
    for offset in (5, 3, 1):  # channel = value - spread * clamp(min(k, 4 - k), 0, 1), k = (offset + sextant) mod 6
        k_BHW = torch.remainder(turned_BHW + offset, 6)
        channels.append(high_BHW - spread_BHW * torch.minimum(k_BHW, 4 - k_BHW).clamp_(0, 1))
    return torch.stack(channels, dim=1).clamp_(0, 1)


def erase(images_BCHW: torch.Tensor, erase_BX: np.ndarray) -> torch.Tensor:
    """Fill the rectangle of each image with middle grey, which is 0 once it is normalised; in place."""
    for number in np.flatnonzero(erase_BX[:, 2]).tolist():
        top, left, tall, wide = erase_BX[number].tolist()
        images_BCHW[number, :, top : top + tall, left : left + wide] = 0.5
    return images_BCHW


def grey_of(images_BCHW: torch.Tensor) -> torch.Tensor:
    """The luma of RGB floats, B x 1 x H x W."""
    red, green, blue = images_BCHW.unbind(1)
    return (red * GREY[0]).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])[:, None]


def shrink(images_BCHW: torch.Tensor, size: tuple[int, int]) -> torch.Tensor:
    """Photos brought to a smaller width and height, antialiased bilinear; as they are where that is their size."""
    width, height = size
    if images_BCHW.shape[2:] == (height, width):
        return images_BCHW
    return F.interpolate(images_BCHW, size=(height, width), mode="bilinear", antialias=True, align_corners=False)


def mix(own_BCHW: torch.Tensor, others_BCHW: torch.Tensor, mixture: Mixture) -> torch.Tensor:
    """Each image blended with the other in its place (MixUp), or with a patch of it (CutMix).

    The loss is ``weight * loss(label) + (1 - weight) * loss(label of the other)``.
    """
    if mixture.box is None:
        return own_BCHW * mixture.weight + others_BCHW * (1 - mixture.weight)
    top, bottom, left, right = mixture.box
    mixed_BCHW = own_BCHW.clone()
    mixed_BCHW[:, :, top:bottom, left:right] = others_BCHW[:, :, top:bottom, left:right]
    return mixed_BCHW
