"""Defects and oddities of names of people and organisations."""

from __future__ import annotations

from simulation.planting import AS_SENT, Defect, accepted, flagged, quarantined
from simulation.world.names import ILLEGIBLE, LOST, MOJIBAKE, NOBODY, with_lookalikes


def mojibake(*signs: str) -> Defect:
    return quarantined("name_mojibake", *signs, checks=["legible"])


CHARACTERS_LOST = mojibake(*LOST)
ONE_CHARACTERS_LOST = mojibake(LOST[0])
READ_AS_LATIN = mojibake(*MOJIBAKE)
LOOKALIKES = accepted("name_lookalike", with_lookalikes, due=AS_SENT)
SINGLE_TOKEN = accepted("name_mongolian_single_token")
INNER_SPACE = accepted(
    "name_inner_space", lambda name: f"{name[0]} {name[1:]}", lambda name: f"{name[0]}\u3000{name[1:]}", due=AS_SENT
)
PADDED = accepted("name_padded", lambda name: f"\u3000{name}\u3000", lambda name: f" {name} ")
INDENTED = accepted("name_padded", lambda name: f"\u3000{name}")
PADDED_UNEVENLY = accepted("name_padded", lambda name: f"\u3000{name} ")
WITH_DIGIT = flagged("name_with_digit", lambda name: name + "2", checks=["digits"])
WITHOUT_LETTERS = quarantined(
    "name_without_letters", "·", "***", "——", checks=["letters"], also_checks={1: ("masked",)}
)
# What masks and test data leave of names.
MASKED = flagged(
    "name_masked",
    lambda name: name[0] + "*",
    lambda name: name[0] + "某某",
    lambda name: name[0] + "＊＊",
    checks=["masked"],
)
ORGANISATION_MASKED = flagged("name_masked", lambda name: f"{name[:4]}**", checks=["masked"])
PLACEHOLDER = flagged("name_placeholder", "测试", "本人", "未取名", checks=["placeholder"])
# What only looks as if it were a name.
OF_NOBODY = quarantined("name_of_nobody", *NOBODY, checks=["required"])
OF_NOBODY_THOUGH_OPTIONAL = accepted("name_of_nobody", *NOBODY, due=None)
NOT_LEGIBLE = quarantined("name_illegible", *ILLEGIBLE, checks=["legible"])
