"""What further columns of a code list say: which kind of agency acts, a rule's pattern, what a model reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.declarations.reading import DeclarationError
from pipelines.project.catalog import read_catalog
from pipelines.project.models import read_models
from tests.support.place import copied_project

CONTRACT = "foundation_dbs/e_license/sources/e_license.yml"
RULES = "expectations/e_license/e_license.yml"
REGISTRY = "foundation_dbs/e_license/license_type.py"
KIND_BY = "kind_by: {column: type_code, list: license_type.issuer_kind}, "
# Per mistake the file, what becomes what in it, what the line to blame holds, and what is said.
MISTAKES = {
    "kind by an unknown list": (CONTRACT, "license_type.issuer_kind", "types.issuer_kind", "types", "no code list"),
    "kind by an unknown column": (CONTRACT, "type.issuer_kind", "type.kind", "type.kind", "has no column `kind`"),
    "kind by a column that is none": (
        CONTRACT,
        "column: type_code",
        "column: kind",
        "kind_by",
        "no column is named kind",
    ),
    "no kind at all": (CONTRACT, KIND_BY, "", "responsibility:", "name a kind of agency"),
    "patterns of an unknown column": (RULES, "type.issued_by", "type.issuers", "issuers", "no column `issuers`"),
    "a model of an unknown column": (REGISTRY, '"basis", "v', '"law", "v', "证照类型目录", "has no law"),
    "a model of an unknown list": (REGISTRY, 'Of("license_type"', 'Of("types"', "证照类型目录", "no issuer_kind"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_names_file_line_and_what_to_do(tmp_path: Path, mistake: tuple[str, str, str, str, str]) -> None:
    file, old, new, blamed, says = mistake
    path = copied_project(tmp_path) / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(DeclarationError) as raised:
        read_models(read_catalog(tmp_path))
    assert str(raised.value).startswith(f"{path}:"), str(raised.value)
    line = int(str(raised.value).removeprefix(f"{path}:").partition(":")[0])
    assert blamed in "".join(path.read_text("utf-8").splitlines()[line - 1 : line + 1]), str(raised.value)
    assert says in str(raised.value)


def test_facts_are_those_of_the_file() -> None:
    catalog = read_catalog(Path(__file__).resolve().parents[2])
    kinds = catalog.facts("license_type.issuer_kind")
    assert kinds.keys() == {code.code for code in catalog.codes["license_type"]}
    assert {*kinds.values()} <= {*catalog.kinds}
    assert {code.facts["holder_kind"] for code in catalog.codes["license_type"]} == {"organisation", "person"}
    assert all(not code.facts for code in catalog.codes["sex"])
