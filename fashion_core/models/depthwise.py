"""Depthwise convolutions whose gradients do not crawl in bfloat16 on a CPU.

Takes nothing; while ``faster_backward`` is on, PyTorch's convolutions call what is here. Knows no network and no run.

oneDNN multiplies bfloat16 fast on new processors, but two gradients of a depthwise convolution take a slow path there:
that of the input where the stride is above 1 (3 to 100 x the time of float32), and that of the weights where the kernel
is larger than 3 x 3 (2 to 6 x); LOG: depthwise-gradients. These two are computed in float32 here, so they are rounded
less, not more. Everything else stays as autocast has it.
"""

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_backward: Any = torch.ops.aten.convolution_backward


class faster_backward(TorchFunctionMode):  # noqa: N801 - a context manager, used like torch.autocast
    """``with faster_backward():`` around a forward pass under bfloat16 autocast on a CPU; the backward may come after.

    The forward pass gives the same bits as without it.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is torch.conv2d:
            return _conv2d(*args, **(kwargs or {}))
        return func(*args, **(kwargs or {}))


def _conv2d(
    input: torch.Tensor,
    weight: torch.Tensor,
    bias: torch.Tensor | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> torch.Tensor:
    """``torch.conv2d``, its own way to the gradient where it is depthwise and that pays."""
    is_depthwise = groups > 1 and groups == weight.shape[0] == input.shape[1]
    pays = max(weight.shape[2:]) > 3 or stride not in (1, (1, 1), [1, 1])
    if not (is_depthwise and pays) or isinstance(padding, str) or not torch.is_grad_enabled():
        return torch.conv2d(input, weight, bias, stride, padding, dilation, groups)
    sides = [list(side) if isinstance(side, list | tuple) else [side, side] for side in (stride, padding, dilation)]
    narrow = torch.get_autocast_dtype("cpu")
    given = (input.to(narrow), weight.to(narrow), None if bias is None else bias.to(narrow))
    output: torch.Tensor = _Depthwise.apply(*given, *sides)  # type: ignore[no-untyped-call]
    return output


class _Depthwise(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        input: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        stride: list[int],
        padding: list[int],
        dilation: list[int],
    ) -> torch.Tensor:
        ctx.save_for_backward(input, weight)
        ctx.sides = stride, padding, dilation
        return torch.conv2d(input, weight, bias, stride, padding, dilation, weight.shape[0])

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> Any:
        input, weight = ctx.saved_tensors
        stride, padding, dilation = ctx.sides

        def gradients(wide: bool, mask: list[bool]) -> Any:
            output, source, filters = (t.float() if wide else t for t in (given[0], input, weight))
            return _backward(
                output, source, filters, None, stride, padding, dilation, False, [0, 0], weight.shape[0], mask
            )

        wide_input, wide_weight = max(stride) > 1, max(weight.shape[2:]) > 3
        wants_input, wants_weight = ctx.needs_input_grad[:2]
        of_input = of_weight = None
        if wide_input == wide_weight:
            of_input, of_weight, _ = gradients(wide_input, [wants_input, wants_weight, False])
        else:
            if wants_input:
                of_input = gradients(wide_input, [True, False, False])[0]
            if wants_weight:
                of_weight = gradients(wide_weight, [False, True, False])[1]
        return (
            None if of_input is None else of_input.to(input.dtype),
            None if of_weight is None else of_weight.to(weight.dtype),
            given[0].float().sum((0, 2, 3)).to(weight.dtype) if ctx.needs_input_grad[2] else None,
            None,
            None,
            None,
        )
