"""E-licence identifier 电子证照标识 (GB/T 36904-2018): its check, and the codes that stand inside it.

`1.2.156.3005.2.<type 21>.<issuer 18>.<serial>.<version 3>.<check>`: the type code is the credit code of the agency that
defined the type and three characters more, the issuer's is its credit code, the serial number has any length.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from pipelines.elements import credit_code
from pipelines.elements.iso7064 import ALPHABET, mod_37_36

ROOT = "1.2.156.3005.2."
_CODE = credit_code.FORM.removeprefix("^").removesuffix("$")
_ROOT_FORM = ROOT.replace(".", "[.]")
FORM = f"^{_ROOT_FORM}{_CODE}[0-9A-Z]{{3}}[.]{_CODE}[.][0-9A-Z]+[.][0-9]{{3}}[.][0-9A-Z]$"
_TYPE_LENGTH, _ISSUER_LENGTH = 21, 18
# Which characters of a well-formed identifier each code is: first place from 0, and length.
PARTS = {
    "type": (len(ROOT), _TYPE_LENGTH),
    "issuer": (len(ROOT) + _TYPE_LENGTH + 1, _ISSUER_LENGTH),
}


def has_form(identifier: ir.StringValue) -> ir.BooleanValue:
    """Root, two codes, serial number, version and check character. NULL for NULL."""
    return identifier.re_search(FORM)


def has_check_character(identifier: ir.StringValue) -> ir.BooleanValue:
    """The last character is the MOD 37,36 check of all after the root but dots; for well-formed identifiers only."""
    body = identifier.substr(len(ROOT), identifier.length() - len(ROOT) - 1).replace(".", "")
    return (mod_37_36(body) + ibis.literal(ALPHABET).find(identifier.right(1))) % 36 == 1


def part(identifier: ir.StringValue, name: str) -> ir.StringValue:
    """The code in a well-formed identifier that `name`, of PARTS, says."""
    first, length = PARTS[name]
    return identifier.substr(first, length)
