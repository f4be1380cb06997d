"""Agencies by kind and region: which there are, who must act on what, and who delivered."""

from __future__ import annotations

from pathlib import Path

from pipelines.project.catalog import read_catalog

ROOT = Path(__file__).resolve().parents[1]


def test_kinds_crossed_with_regions_give_an_agency_of_each_league_and_banner() -> None:
    catalog = read_catalog(ROOT)
    of_police = [one for name, one in catalog.agencies.items() if name.startswith("public_security_")]
    assert [sum(one.level == level for one in of_police) for level in ("league", "banner")] == [12, 103]
    titles = {name: catalog.agencies[name].title for name in ("public_security_150400", "public_security_150402")}
    assert titles == {"public_security_150400": "赤峰市公安局", "public_security_150402": "红山区公安局"}


def test_agencies_of_the_autonomous_region_keep_their_names_and_exceptions_their_titles() -> None:
    agencies = read_catalog(ROOT).agencies
    assert agencies["public_security"].title == "内蒙古自治区公安厅"
    assert agencies["public_security_150102"].title == "呼和浩特市公安局新城区分局"
    assert not any(name.startswith("public_data_") for name in agencies), "declared at that level alone"
