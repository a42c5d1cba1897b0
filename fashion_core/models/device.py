"""Which device computes, and how precisely it multiplies there. Takes the words of a setting."""

import torch

from fashion_core.errors import DeviceError


def choose_device(name: str = "auto") -> torch.device:
    """The device that a setting means: auto takes CUDA, then Apple's GPU, then the CPU. DeviceError if absent."""
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in found.items() if there))
    if not found.get(name):
        there = ", ".join(kind for kind, is_there in found.items() if is_there)
        raise DeviceError(f"device {name!r} is not on this machine, it has {there}; use --device auto")
    return torch.device(name)


def uses_bfloat16(precision: str, device: torch.device) -> bool:
    """Whether a precision setting means bfloat16 on a device: auto takes it where the hardware multiplies it."""
    if precision != "auto":
        return precision == "bfloat16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    can = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return bool(can.get("avx512_bf16") or can.get("amx_bf16"))
