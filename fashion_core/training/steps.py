"""One training step: what the model learns from a batch.

Takes a batch from its source (``input_pipeline`` says what becomes of the photos); changes the model's weights. Knows
no files.
B batch, C channels, H height, W width, N images of a split, K classes.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch

from fashion_core.models import depthwise, networks
from fashion_core.models.input import Photos
from fashion_core.models.networks import Network
from fashion_core.settings.config import Settings
from fashion_core.settings.draws import Mixture
from fashion_core.training import distributed
from fashion_core.training.batches import Batch, Features
from fashion_core.training.input_pipeline import Ahead, BatchSource, OfFeatures, OneByOne, can_be_ahead
from fashion_core.training.losses import Loss


def step_seed(seed: int, epoch: int, batch: int, rank: int = 0, part: int = 0) -> int:
    """Where dropout's random numbers start: no generator has to be saved, a step can be done again by itself."""
    key = [seed, epoch, batch, 2] if (rank, part) == (0, 0) else [seed, epoch, batch, 2, rank, part]
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> 1)


@dataclass(kw_only=True)
class Learner:
    """What a step changes and what it needs for it. ``wrapped`` is the model as the forward pass calls it (compiled,
    or averaging its gradients over ranks); ``smooth`` is the running mean of the model, where the settings want one."""

    settings: Settings
    model: Network
    smooth: Network | None
    loss: Loss
    ranks: distributed.Ranks
    device: torch.device
    bfloat16: bool = False  # the forward pass, where the settings and the device want it
    wrapped: torch.nn.Module = field(init=False)
    optimizer: torch.optim.Optimizer = field(init=False)
    frozen: bool = field(init=False)

    def learn(self, frozen: bool) -> None:
        """From now on the last layer learns (``frozen``), or every weight: with a new optimizer, which remembers
        nothing."""
        self.frozen = frozen
        self.model.requires_grad_(not frozen)
        self.model.output.requires_grad_(True)
        self.optimizer = _make_optimizer(self.settings, self.model, self.device)
        wrapped = self.ranks.spread(self.model, self.device)
        self.wrapped = torch.compile(wrapped) if self.settings.compile == "on" else wrapped  # type: ignore[assignment]

    @property
    def judged(self) -> Network:
        """The model that validation and scores use."""
        return self.model if self.smooth is None else self.smooth

    @contextmanager
    def arithmetic(self) -> Iterator[None]:
        """What the forward pass is computed in."""
        with ExitStack() as stack:
            stack.enter_context(torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16))
            if self.bfloat16 and self.device.type == "cpu" and self.settings.compile == "off":
                stack.enter_context(depthwise.faster_backward())
            yield

    def weights(self) -> dict[str, torch.Tensor]:
        """The weights that learn, by name."""
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}


def _make_optimizer(settings: Settings, model: Network, device: torch.device) -> torch.optim.Optimizer:
    """Adam, or AdamW with weight decay, of the weights that learn, in the model's order. Each group has ``share``: its
    learning rate as a share of the last layer's."""
    head = list(model.output.parameters())
    below = [w for w in model.parameters() if w.requires_grad and all(w is not one for one in head)]
    groups = [{"params": below, "share": settings.backbone_rate}, {"params": head, "share": 1.0}]
    kind = torch.optim.AdamW if settings.weight_decay else torch.optim.Adam
    return kind(
        [group for group in groups if group["params"]],
        lr=settings.learning_rate,
        weight_decay=settings.weight_decay,
        fused=device.type in ("cpu", "cuda"),
    )


def source(
    learner: Learner,
    photos: Photos | Features,
    rows_N: np.ndarray,
    labels_N: np.ndarray,
    order_N: np.ndarray,
    epoch: int,
    batch_size: int | None = None,
) -> BatchSource:
    """What the steps of an epoch in this order learn from: made ahead where that pays. ``batch_size`` is given where it
    is not that of the settings."""
    settings = learner.settings
    if isinstance(photos, Features):
        return OfFeatures(photos, settings, rows_N, labels_N, epoch)
    alone = OneByOne(photos, settings, rows_N, labels_N, epoch)
    if not can_be_ahead(settings, learner.device):
        return alone
    return Ahead(alone, order_N, part_of=learner.ranks.part, batch_size=batch_size)


def step(
    learner: Learner, source: BatchSource, batch: Batch, *, learning_rate: float, num_steps_before: int
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Learn from one batch; this rank's share of its mean loss, and the gradient's norm where it is limited.

    ``learning_rate`` is the last layer's; a group of other weights takes its share of it. The batch may be computed in
    parts and on several ranks: each part's sum is divided by the weight of the whole batch, so that the step is that
    of the whole batch up to rounding. A network with batch norm takes each part's own mean and deviation, so its steps
    differ; a part of one photo (of a last batch of one, or of a cut one), which has no deviation, goes through with the
    running ones.
    """
    settings, world = learner.settings, learner.ranks
    labels_B = source.labels(batch)
    whole = learner.loss.weight(labels_B)
    own = world.part(len(labels_B))
    cuts = distributed.parts(settings.accumulation, own.start, own.stop)
    learner.optimizer.zero_grad(set_to_none=True)
    total = torch.zeros((), device=learner.device)
    for number, part in enumerate(cuts):
        empty = (
            part.start == part.stop
        )  # fewer images than ranks: one image that counts nothing keeps the ranks in step
        part = slice(0, 1) if empty else part
        given, mixture = source.part(batch, part)
        torch.manual_seed(step_seed(settings.seed, source.epoch, batch.number, world.rank, number))  # dropout
        with world.without_sync(learner.wrapped, now=number == len(cuts) - 1):
            with learner.arithmetic(), networks.running_statistics(learner.model, now=len(given) == 1):
                logits_BK = learner.wrapped(given).float()
            share = _share(learner.loss, logits_BK, labels_B, part, mixture) / whole
            if empty:
                share = share * 0
            (share * world.size).backward()
        total = total + share.detach()
    norm = None
    if settings.clip_norm:
        norm = torch.nn.utils.clip_grad_norm_(learner.weights().values(), settings.clip_norm)
    for group in learner.optimizer.param_groups:
        group["lr"] = learning_rate * group["share"]
    learner.optimizer.step()
    if learner.smooth is not None:
        _follow(learner.smooth, learner.model, settings.ema, num_steps_before)
    return total, norm


def _share(
    loss: Loss, logits_BK: torch.Tensor, labels_B: torch.Tensor, part: slice, mixture: Mixture | None
) -> torch.Tensor:
    """What the images of a part cost together, with each one's partner where the batch is mixed."""
    own = loss.each(logits_BK, labels_B[part]).sum()
    if mixture is None:
        return own
    partner_B = torch.from_numpy(mixture.partner_B[part]).to(labels_B.device)
    return mixture.weight * own + (1 - mixture.weight) * loss.each(logits_BK, labels_B[partner_B]).sum()


@torch.no_grad()
def _follow(smooth: torch.nn.Module, model: torch.nn.Module, decay: float, num_steps_before: int) -> None:
    """Move the running mean: ``smooth = d * smooth + (1 - d) * model``; running statistics are copied.

    d is min(decay, (1 + t) / (10 + t)) after t steps, so that the mean forgets the random start (TensorFlow's
    ExponentialMovingAverage with num_updates).
    """
    now = min(decay, (1 + num_steps_before) / (10 + num_steps_before))
    torch._foreach_lerp_(list(smooth.parameters()), list(model.parameters()), 1 - now)
    for kept, new in zip(smooth.buffers(), model.buffers(), strict=True):
        kept.copy_(new)


def gradient_norm(learner: Learner) -> float:
    """The length of the gradient of the last step, over all weights."""
    grads = [weight.grad for weight in learner.weights().values() if weight.grad is not None]
    return torch.nn.utils.get_total_norm(grads).item() if grads else float("nan")
