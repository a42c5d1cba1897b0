"""How the drawn set is drawn: cloth, backdrops, people and garments, with Pillow alone.

In order, each importing only from its left: curves fabrics backdrops scenes figures tailoring garments menswear legwear
mojaris catalogue. `fashion_core.drawn` is the only door; nothing outside knows what lies in here.
"""
