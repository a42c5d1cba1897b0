"""What a network receives: photos handed out in batches, made floats, normalised, in the model's memory layout.

Takes uint8 photos; the trainer and whoever asks a trained model go through the same functions. Knows no model.
B batch, C channels, H height, W width, N images of a dataset.
"""

import mmap

import numpy as np
import torch


def to_float(images_BHWC: torch.Tensor) -> torch.Tensor:
    """uint8 B x H x W x 3 to float32 B x 3 x H x W in 0..1, one plane a channel in memory.

    Planes because the colour stages are four times faster on them (0.07 against 0.27 ms an image on two cores).
    """
    return images_BHWC.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format).div_(255)


def normalise(images_BCHW: torch.Tensor) -> torch.Tensor:
    """(x - 0.5) / 0.5: what the model receives, -1..1, from floats in 0..1. In place."""
    return images_BCHW.sub_(0.5).div_(0.5)


def for_model(images_BCHW: torch.Tensor, channels: str = "RGB") -> torch.Tensor:
    """Normalised floats in the memory layout and the order of colours that the model receives."""
    if channels == "BGR":
        images_BCHW = images_BCHW.flip(1)
    return images_BCHW.contiguous(memory_format=torch.channels_last)


def to_input(images_BHWC: torch.Tensor, channels: str = "RGB") -> torch.Tensor:
    """uint8 photos to what the model receives: float32 B x 3 x H x W, normalised, channels last in memory."""
    return for_model(normalise(to_float(images_BHWC)), channels)


class Photos:
    """The photos of a dataset as uint8 rows, handed out in batches on a device.

    On a GPU that has room for them all rows are copied there once; otherwise each batch is gathered from the map.
    """

    def __init__(self, pixels_NHWC: np.ndarray, device: torch.device, *, resident: bool | None = None) -> None:
        self.pixels_NHWC = pixels_NHWC
        self.device = device
        self.resident = fits_on(device, pixels_NHWC.nbytes) if resident is None else resident
        self._on_device = torch.from_numpy(np.array(pixels_NHWC)).to(device) if self.resident else None

    def batch(self, rows_B: np.ndarray) -> torch.Tensor:
        """uint8 B x H x W x 3 on the device; ``rows_B`` are manifest rows."""
        if self._on_device is not None:
            return self._on_device[torch.from_numpy(rows_B).to(self.device)]
        announce(self.pixels_NHWC, rows_B)
        return torch.from_numpy(self.pixels_NHWC[rows_B]).to(self.device)


def announce(pixels_NHWC: np.ndarray, rows_B: np.ndarray) -> None:
    """Tell the kernel which rows of a memory map are about to be read, so that it fetches them side by side.

    From a cold disk 7.6 ms an image became 0.1 (random rows of 106,166; LOG: cold-memory-map); in memory already, it
    costs 0.02 ms a batch.
    """
    mapped = getattr(pixels_NHWC, "_mmap", None)
    if mapped is None or not hasattr(mapped, "madvise") or not hasattr(mmap, "MADV_WILLNEED"):
        return
    row_bytes = pixels_NHWC[0].nbytes
    first = pixels_NHWC.offset % mmap.ALLOCATIONGRANULARITY  # type: ignore[attr-defined]
    for row in rows_B.tolist():
        start = first + row * row_bytes
        aligned = start - start % mmap.PAGESIZE
        mapped.madvise(mmap.MADV_WILLNEED, aligned, start + row_bytes - aligned)


def fits_on(device: torch.device, num_bytes: int) -> bool:
    """Whether a CUDA device has room for the photos in half of its free memory; never true for the CPU itself."""
    return device.type == "cuda" and num_bytes < torch.cuda.mem_get_info(device)[0] / 2
