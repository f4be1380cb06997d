"""Defects and oddities of region codes (GB/T 2260)."""

from __future__ import annotations

from simulation.planting import Defect, Written, accepted, flagged
from simulation.world.places import CITIES, NEVER_VALID


def unknown(*regions: str) -> Defect:
    return flagged("region_unknown", *regions, checks=["known"])


def _named(region: str) -> Written:
    code = region[:4] + "00"
    return Written(CITIES[code], code)


def _named_in_short(region: str) -> Written:
    name, code = _named(region)
    return Written(name.removesuffix("市").removesuffix("盟"), code)


AS_NAME = accepted("region_as_name", _named, _named_in_short)
LONG_CODE = accepted("region_long_code", lambda code: code + "001", lambda code: code + "001001")
NEVER_ONE = unknown(*NEVER_VALID)
TOLD_BY_CREDIT_CODE = accepted("region_from_credit_code", "", due=None)
