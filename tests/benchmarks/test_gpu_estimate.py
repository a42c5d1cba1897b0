"""The estimate for a GPU: what it counts against the arithmetic of the report's network by hand."""

import pytest

from benchmarks.studies import gpu_estimate
from fashion_core.settings import recipes

SMALL = ["image_size=32", "batch_size=8"]


def test_what_is_counted_of_the_reports_network_is_what_paper_and_pencil_say():
    found = gpu_estimate.counted(recipes.settings_for("report", []), num=2)
    maps = [(128, 3, 32), (64, 32, 64), (32, 64, 128)]  # side, channels before, channels after
    by_hand = sum(2 * side**2 * 9 * before * after for side, before, after in maps) + 2 * 128 * 16 * 16 * 256
    assert found["flop"] == pytest.approx(by_hand + 2 * 256 * gpu_estimate.NUM_CLASSES)
    layers = [(9 * 3, 32), (9 * 32, 64), (9 * 64, 128), (128 * 16 * 16, 256), (256, gpu_estimate.NUM_CLASSES)]
    assert found["weights"] == sum(fan_in * out + out for fan_in, out in layers)
    assert found["operations"] > 30 and found["kept"] > 128 * 128 * 32 * 4


def test_every_recipe_has_an_estimate_marked_as_one(capsys):
    given = gpu_estimate.argparse.Namespace(images=1000, rows=1200, **gpu_estimate.ASSUMED)
    for name in recipes.RECIPES:
        more = ["model=resnet18"] if recipes.recipe(name).model in ("resnet50",) else []
        settings = recipes.settings_for(name, [*SMALL, *more])
        gpu_estimate.tell(settings, given)
    told = capsys.readouterr().out
    assert told.count("ESTIMATE, not a measurement") == len(recipes.RECIPES) == told.count("GPU memory")
