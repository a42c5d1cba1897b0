"""The opponent: the student report's training, as a student writes it with torchvision's own parts.

python -m fashion_core folders DATASET DEST
python -m benchmarks.speed.plain_script DEST [--epochs 2] [--workers 0] [--steps N] [--seed 0] [--json]

ImageFolder, PIL transforms for each photo, WeightedRandomSampler, DataLoader, weighted cross entropy, a Sequential
network, Adam, batch 32. Knows nothing of fashion_core: no cache, no memory layout, no allocator settings. All that was
added is a clock and a list of losses, so that others can compare.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchvision import transforms
from torchvision.datasets import ImageFolder

SIZE = 128
BATCH_SIZE = 32
LOG_EVERY = 10

train_transform = transforms.Compose(
    [
        transforms.Resize((SIZE, SIZE)),
        transforms.RandomHorizontalFlip(),
        transforms.RandomRotation(10),
        transforms.ColorJitter(0.2, 0.2, 0.2),
        transforms.ToTensor(),
        transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
    ]
)
eval_transform = transforms.Compose(
    [
        transforms.Resize((SIZE, SIZE)),
        transforms.ToTensor(),
        transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5]),
    ]
)


def make_model(num_classes: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 128, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(128 * (SIZE // 8) * (SIZE // 8), 256),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(256, num_classes),
    )


def make_loader(dataset: ImageFolder, workers: int) -> DataLoader:
    counts = torch.bincount(torch.tensor(dataset.targets))
    sample_weights = (1.0 / counts)[dataset.targets]
    sampler = WeightedRandomSampler(sample_weights.tolist(), num_samples=len(dataset), replacement=True)
    return DataLoader(dataset, batch_size=BATCH_SIZE, sampler=sampler, num_workers=workers)


def make_criterion(dataset: ImageFolder) -> nn.CrossEntropyLoss:
    counts = torch.bincount(torch.tensor(dataset.targets))
    return nn.CrossEntropyLoss(weight=len(dataset) / (len(counts) * counts))


def train(folder: Path, *, epochs: int, workers: int, seed: int, steps: int | None = None) -> dict[str, Any]:
    """Train on ``folder/train``; for each step its loss, number of images and seconds (without validation).

    With ``steps`` it stops after so many, over as many epochs as they take, and does not validate.
    """
    torch.manual_seed(seed)
    dataset = ImageFolder(folder / "train", transform=train_transform)
    loader = make_loader(dataset, workers)
    model = make_model(len(dataset.classes))
    criterion = make_criterion(dataset)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    told: dict[str, Any] = {"losses": [], "images": [], "seconds": [], "val_accuracy": None}
    total = steps or epochs * len(loader)
    while len(told["losses"]) < total:
        model.train()
        clock = time.perf_counter()
        for images, labels in loader:
            optimizer.zero_grad()
            loss = criterion(model(images), labels)
            loss.backward()
            optimizer.step()
            told["losses"].append(loss.item())
            told["images"].append(len(images))
            now = time.perf_counter()
            told["seconds"].append(now - clock)
            clock = now
            if len(told["losses"]) % LOG_EVERY == 0:
                print(f"step {len(told['losses'])} loss {sum(told['losses'][-LOG_EVERY:]) / LOG_EVERY:.4f}", flush=True)
            if len(told["losses"]) == total:
                break
        if steps is None and (folder / "val").is_dir():
            told["val_accuracy"] = validate(model, folder, workers)
            print(f"val accuracy {told['val_accuracy']:.4f}", flush=True)
    return told


@torch.no_grad()
def validate(model: nn.Module, folder: Path, workers: int) -> float:
    model.eval()
    dataset = ImageFolder(folder / "val", transform=eval_transform, allow_empty=True)
    correct = 0
    for images, labels in DataLoader(dataset, batch_size=BATCH_SIZE, num_workers=workers):
        correct += (model(images).argmax(1) == labels).sum().item()
    return correct / len(dataset)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="train/ and val/ with a folder for each class")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--steps", type=int, help="stop after so many batches, without validation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print what was measured as one line of JSON at the end")
    options = parser.parse_args()
    told = train(options.folder, epochs=options.epochs, workers=options.workers, seed=options.seed, steps=options.steps)
    per_image = sum(told["seconds"]) / sum(told["images"])
    print(json.dumps(told) if options.json else f"{len(told['losses'])} steps, {1000 * per_image:.2f} ms an image")


if __name__ == "__main__":
    main()
