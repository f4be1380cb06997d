"""Defects and oddities of addresses."""

from __future__ import annotations

from simulation.planting import AS_SENT, Defect, accepted, flagged
from simulation.world.names import MOJIBAKE


def mojibake(address: str) -> Defect:
    return flagged("address_mojibake", address, checks=["legible"])


CHARACTERS_LOST = mojibake("内蒙古锟斤拷锟斤拷新华大街12号")
STREET_LOST = mojibake("呼盟海拉尔市锟斤拷街")
READ_AS_LATIN = mojibake(MOJIBAKE[0] + "12号")
WITHOUT_REGION = accepted("address_without_region", lambda address: address.removeprefix("内蒙古自治区"), due=AS_SENT)
ABOLISHED_PLACE = accepted(
    "address_abolished_place",
    "伊克昭盟东胜市伊金霍洛街3号",
    "哲里木盟通辽市和平路8号",
    "呼伦贝尔盟海拉尔市中央街1号",
    "昭乌达盟赤峰县",
    due=AS_SENT,
)
