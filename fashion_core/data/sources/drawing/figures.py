"""Who wears the garment: a person, a shop mannequin, or nobody (a ghost mannequin). Draws bodies on a Scene.

Knows proportions and poses; knows nothing of garments or classes.
"""

import numpy as np

from fashion_core.data.sources.drawing.curves import along, both_sides, limb, smooth
from fashion_core.data.sources.drawing.fabrics import Colour, Fabric, dye, pick, shift
from fashion_core.data.sources.drawing.scenes import Folds, Scene, Trim

SKINS: tuple[Colour, ...] = (
    (232, 190, 158),
    (214, 166, 130),
    (192, 140, 102),
    (166, 114, 80),
    (134, 90, 62),
    (104, 70, 50),
)
HAIRS: tuple[Colour, ...] = ((24, 18, 18), (34, 24, 20), (52, 34, 26), (70, 48, 36))
DOLLS: tuple[Colour, ...] = ((238, 234, 228), (206, 206, 206), (232, 212, 190), (64, 62, 64), (196, 164, 124))

# (elbow, wrist) of the right arm, for a shoulder at x = 0: outwards is positive
ARMS = {
    "down": ((0.025, 0.345), (0.03, 0.49)),
    "away": ((0.055, 0.335), (0.085, 0.475)),
    "hip": ((0.085, 0.335), (-0.005, 0.43)),
    "front": ((0.025, 0.345), (-0.075, 0.415)),
    "raised": ((0.085, 0.30), (0.04, 0.155)),
    "carry": ((0.03, 0.345), (0.06, 0.40)),
}


class Figure:
    """A body in body units. `kind` is person, mannequin or ghost; `man` changes proportions, hair and stance."""

    def __init__(self, scene: Scene, man: bool = False, kind: str | None = None, arms: tuple[str, str] | None = None):
        rng = scene.rng
        self.scene, self.man = scene, man
        self.kind = kind or pick(rng, ("person", "mannequin", "ghost"), (0.68, 0.2, 0.12))
        self.skin = pick(rng, SKINS) if self.kind == "person" else pick(rng, DOLLS)
        self.hair = pick(rng, HAIRS)
        build = rng.normal(1.0, 0.05)
        w = (0.118, 0.1, 0.088, 0.09) if man else (0.098, 0.084, 0.066, 0.094)
        self.shoulder, self.chest, self.waist, self.hip = (v * build for v in w)
        names = ("down", "away", "front", "hip") if man else ("down", "away", "hip", "front", "raised")
        weights = (4, 2, 1, 1) if man else (3, 2, 3, 1, 1)
        self.arms = arms or (pick(rng, names, weights), pick(rng, names, weights))
        self.stance = rng.uniform(0.028, 0.05) * (1.25 if man else 1.0)
        self.hairdo = pick(rng, ("loose", "loose", "loose", "bun", "braid", "bob"))
        self.beard = man and rng.random() < 0.5

    @property
    def bare(self) -> bool:
        return self.kind == "ghost"

    def arm_path(self, side: int) -> np.ndarray:
        """Shoulder, elbow, wrist; side -1 is the viewer's left."""
        elbow, wrist = ARMS[self.arms[0 if side < 0 else 1]]
        x = self.shoulder * 0.88
        path = [(x - 0.008, 0.193), (x + 0.012, 0.225), (x + elbow[0] + 0.004, elbow[1]), (x + wrist[0], wrist[1])]
        return smooth([(side * px, py) for px, py in path], 6)

    def back_hair(self) -> None:
        if self.kind != "person" or self.man or self.hairdo == "bun":
            return
        low = {"loose": 0.27, "braid": 0.2, "bob": 0.15}[self.hairdo]
        self.scene.cloth(
            smooth(both_sides([(0.0, 0.0), (0.046, 0.03), (0.056, 0.1), (0.062, low - 0.03), (0.035, low)]), 4, True),
            self.hair, Folds((0, 0), 9, 0.25),
        )  # fmt: skip

    def legs(self, low: float = 0.965) -> None:
        if self.bare:
            return
        for side in (-1, 1):
            x = side * self.stance
            path = [(side * self.hip * 0.5, 0.48), (x * 1.1, 0.7), (x, low)]
            self.scene.cloth(limb(path, (0.05, 0.034, 0.03, 0.018)), self.skin, depth=0.25)
        self.feet()

    def feet(self, colour: Colour | None = None) -> None:
        if self.bare:
            return
        for side in (-1, 1):
            x = side * self.stance
            foot = [
                (x - 0.017, 0.945),
                (x + 0.017, 0.945),
                (x + side * 0.012 + 0.02, 0.985),
                (x + side * 0.016, 1.0),
                (x + side * 0.012 - 0.02, 0.985),
            ]
            self.scene.cloth(smooth(foot, 4, True), colour or self.skin, depth=0.3)

    def torso(self) -> None:
        if self.bare:
            return
        half = [
            (0.021, 0.1),
            (0.022, 0.15),
            (0.05, 0.166),
            (self.shoulder, 0.185),
            (self.chest, 0.25),
            (self.waist, 0.375),
            (self.hip, 0.47),
            (self.hip, 0.52),
        ]
        self.scene.cloth(both_sides(half), self.skin, depth=0.22)

    def arm(self, side: int, bangles: bool | None = None) -> None:
        if self.bare:
            return
        thick = 1.2 if self.man else 1.0
        path = self.arm_path(side)
        self.scene.cloth(
            limb(path, [v * thick for v in (0.012, 0.024, 0.026, 0.024, 0.022, 0.02, 0.017, 0.014)]),
            self.skin,
            depth=0.25,
        )
        hand = path[-1] + (path[-1] - path[-3]) / (np.linalg.norm(path[-1] - path[-3]) + 1e-9) * 0.028
        self.scene.cloth(limb([path[-1], (path[-1] + hand) / 2, hand], (0.013, 0.018, 0.008)), self.skin, depth=0.2)
        if (
            self.kind == "person"
            and not self.man
            and (bangles if bangles is not None else self.scene.rng.random() < 0.5)
        ):
            colour = dye(self.scene.rng)
            for k in (3, 5):
                w = (path[-k] - path[-k - 1])[::-1] * (1, -1)
                w = w / (np.linalg.norm(w) + 1e-9) * 0.017
                self.scene.cloth(limb([path[-k] - w, path[-k], path[-k] + w], (0.005, 0.005)), colour, depth=0.1)

    def sleeve(
        self, side: int, fabric: Fabric | Colour, share: float, width: float = 0.031, flare: float = 0.0, trim=None
    ) -> None:
        """A sleeve over `share` of the arm; the cuff gets `trim`'s colour."""
        path = along(self.arm_path(side), share)
        thick = width * (1.2 if self.man else 1.0)
        end = thick * (0.86 - 0.12 * share) + flare
        trims = []
        if trim is not None:
            d = path[-1] - path[-2]
            d = d / (np.linalg.norm(d) + 1e-9)
            n, at = np.array([-d[1], d[0]]) * (end + 0.01), path[-1] - d * 0.008
            trims.append(Trim("line", [at - n, at + n], trim, 0.016))
        folds = Folds(tuple(path[0]), 3, 0.16, tuple(path[-1] - path[0]))
        self.scene.cloth(
            limb(
                path,
                (0.014, thick * 0.82, thick, thick * 0.98, thick * 0.95, end)
                if share > 0.45
                else (0.014, thick * 0.9, thick, end),
            ),
            fabric,
            folds,
            trims,
            0.3,
            turned=abs(path[-1][0] - path[0][0]) > 0.08,
        )

    def head(self, turban: Fabric | Colour | None = None) -> None:
        """Neck, face and hair, drawn last but for what hangs over them."""
        scene, rng = self.scene, self.scene.rng
        if self.bare:
            return
        if self.kind == "mannequin":
            scene.cloth(both_sides([(0.02, 0.122), (0.021, 0.15), (0.034, 0.17)]), self.skin, depth=0.25)
            if self.headless:
                scene.cloth(
                    both_sides([(0.012, 0.112), (0.02, 0.118), (0.02, 0.126)]), shift(self.skin, -0.35), depth=0.1
                )
                return
        face = smooth(
            both_sides([(0.016, 0.018), (0.036, 0.04), (0.04, 0.075), (0.032, 0.11), (0.012, 0.133)]), 4, True
        )
        scene.cloth(face, self.skin, depth=0.22, cast=0.35)
        if self.kind == "mannequin":
            return
        dark = shift(self.skin, -0.72)
        if self.beard:
            scene.cloth(both_sides([(0.038, 0.086), (0.036, 0.11), (0.016, 0.139)]), self.hair, depth=0.2)
            scene.cloth(both_sides([(0.02, 0.082), (0.02, 0.1), (0.008, 0.103)]), self.skin, depth=0.05)
        for side in (-1, 1):
            x = side * 0.0155
            scene.cloth([(x - 0.007, 0.071), (x, 0.067), (x + 0.007, 0.071), (x, 0.075)], dark, depth=0)
            scene.cloth(
                [(x - 0.009, 0.06), (x + 0.009, 0.06), (x + 0.009, 0.0625), (x - 0.009, 0.0625)], self.hair, depth=0
            )
        scene.cloth([(-0.004, 0.092), (0.005, 0.092), (0.0, 0.0945)], shift(self.skin, -0.25), depth=0)
        lips = shift(self.skin, -0.3, 1.3) if self.man else (176, 52, 62)
        scene.cloth(both_sides([(0.002, 0.104), (0.011, 0.107), (0.002, 0.113)]), lips, depth=0)
        if self.man:
            if turban is not None:
                shape = smooth(
                    both_sides([(0.01, -0.03), (0.045, -0.015), (0.056, 0.022), (0.042, 0.052), (0.012, 0.036)]),
                    4,
                    True,
                )
                scene.cloth(shape, turban, Folds((0.05, 0.06), 6, 0.4, (-1, -0.8)), depth=0.35)
                return
            scene.cloth(
                smooth(
                    [
                        (-0.043, 0.075),
                        (-0.047, 0.03),
                        (-0.025, -0.004),
                        (0.02, -0.006),
                        (0.047, 0.028),
                        (0.043, 0.075),
                        (0.036, 0.05),
                        (0.01, 0.032),
                        (-0.03, 0.04),
                    ],
                    3,
                    True,
                ),
                self.hair,
                depth=0.3,
            )
            return
        part = rng.uniform(-0.012, 0.012)
        for side in (-1, 1):
            lock = [
                (part, 0.004),
                (side * 0.03, 0.006),
                (side * 0.048, 0.05),
                (side * 0.046, 0.1),
                (side * 0.038, 0.075),
                (side * 0.03, 0.045),
                (part, 0.026),
            ]
            scene.cloth(smooth(lock, 3, True), self.hair, depth=0.3)
        if self.hairdo == "bun":
            scene.cloth(
                smooth(both_sides([(0.008, -0.03), (0.026, -0.014), (0.018, 0.008)]), 4, True), self.hair, depth=0.4
            )
        if self.hairdo == "braid":
            scene.cloth(
                limb([(0.03, 0.11), (0.052, 0.2), (0.045, 0.34)], (0.014, 0.016, 0.007)),
                self.hair,
                Folds((0, -3), 2, 0.2),
                depth=0.4,
            )
        if rng.random() < 0.5:
            scene.cloth(
                smooth([(-0.003, 0.05), (0, 0.047), (0.003, 0.05), (0, 0.053)], 2, True), (170, 20, 40), depth=0
            )
        if rng.random() < 0.6:
            for side in (-1, 1):
                scene.cloth(
                    limb([(side * 0.042, 0.085), (side * 0.043, 0.097), (side * 0.043, 0.108)], (0.003, 0.005, 0.003)),
                    (222, 184, 84),
                    depth=0,
                )

    @property
    def headless(self) -> bool:
        return (
            self.kind == "mannequin"
            and not self.man
            and self.hairdo in ("loose", "bob")
            or (self.man and self.hairdo == "loose")
        )
