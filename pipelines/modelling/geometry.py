"""Words for shapes: made, checked, repaired, measured and compared, and points found in areas.

A shape in a table is a binary column of WKB, the Well-Known Binary of OGC 06-103r4 (ISO 19125-1), in two dimensions.
x is the longitude and y the latitude, in degrees of CGCS2000 (GB 22021) unless a table says otherwise: what is planar
is measured in whatever the coordinates are in. NULL gives NULL. Text or bytes that are no shape stop the run on every
engine: readers see to it before. The names below are no engine's own; `pipelines/engines/geometry.py` says them in
each engine's words when a plan is built, and raises there for what an engine lacks.

    from pipelines.modelling import geometry

    parcels.mutate(square_metres=geometry.area_on_ellipsoid(geometry.repair(parcels.shape)))
"""

from __future__ import annotations

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

# No engine has a function that begins so: what was not put into an engine's words cannot run by accident.
MARK = "geometry_"


@ibis.udf.scalar.builtin(name=f"{MARK}from_text")
def from_text(text: dt.string) -> dt.binary:
    """The shape that Well-Known Text says, such as `POINT (111.7 40.8)`."""


@ibis.udf.scalar.builtin(name=f"{MARK}from_wkb")
def from_wkb(wkb: dt.binary) -> dt.binary:
    """WKB of any byte order, with or without an SRID, as the engines write it: little-endian, without."""


@ibis.udf.scalar.builtin(name=f"{MARK}point")
def point(x: dt.float64, y: dt.float64) -> dt.binary:
    """The point at longitude `x` and latitude `y`."""


@ibis.udf.scalar.builtin(name=f"{MARK}is_valid")
def is_valid(shape: dt.binary) -> dt.boolean:
    """Whether the shape is well-formed by ISO 19125-1: rings closed, not crossing, holes within; empty is valid."""


@ibis.udf.scalar.builtin(name=f"{MARK}validity_reason")
def validity_reason(shape: dt.binary) -> dt.string:
    """In words why the shape is not valid, and where. Spark alone has it."""


@ibis.udf.scalar.builtin(name=f"{MARK}repair")
def repair(shape: dt.binary) -> dt.binary:
    """A valid shape as it is; of another, what it covers, without leftovers of lower dimension.

    Where a ring covers ground twice or a hole leaves its shell, engines differ in what they keep: compare
    `is_valid` first where that matters. Order and first vertex are the engine's choice.
    """


@ibis.udf.scalar.builtin(name=f"{MARK}area")
def area(shape: dt.binary) -> dt.float64:
    """Planar area in the square of the coordinates' unit; 0 for what has none. Wants a valid shape."""


@ibis.udf.scalar.builtin(name=f"{MARK}area_on_ellipsoid")
def area_on_ellipsoid(shape: dt.binary) -> dt.float64:
    """Area in m² of a shape in degrees, its edges geodesics of WGS 84; 0 for what has none. Wants a valid shape.

    CGCS2000's ellipsoid differs by 0.1 mm in the shorter axis: areas agree to 1e-11.
    """


@ibis.udf.scalar.builtin(name=f"{MARK}length")
def length(shape: dt.binary) -> dt.float64:
    """Planar length of lines in the coordinates' unit; 0 for points and polygons."""


@ibis.udf.scalar.builtin(name=f"{MARK}contains")
def contains(shape: dt.binary, other: dt.binary) -> dt.boolean:
    """Whether `other` lies in `shape` and not only on its border; empty shapes neither contain nor are contained.

    Wants valid shapes: for others one engine may stop where another answers. As a condition of a join it wants known
    ones, or Sedona stops: see `located`.
    """


@ibis.udf.scalar.builtin(name=f"{MARK}intersects")
def intersects(shape: dt.binary, other: dt.binary) -> dt.boolean:
    """Whether the shapes share a point; touching borders do. Wants what `contains` wants."""


@ibis.udf.scalar.builtin(name=f"{MARK}intersection")
def intersection(shape: dt.binary, other: dt.binary) -> dt.binary:
    """What the shapes share; empty where nothing. Wants valid shapes, each of points, lines or polygons alone."""


@ibis.udf.scalar.builtin(name=f"{MARK}distance")
def distance(shape: dt.binary, other: dt.binary) -> dt.float64:
    """Shortest planar distance in the coordinates' unit; 0 where they share a point, NULL where one is empty."""


def located(points: ir.Table, areas: ir.Table, *, point: str = "shape", area: str = "shape") -> ir.Table:
    """Each point with each area that it lies in: the columns of both but the shapes, joined in one spatial join.

    `point` and `area` name the columns of shapes. A border belongs to both its areas: a point on it comes once for
    each, and a model that wants one chooses. Points in no area are left out, as are those without a shape. Raises
    ValueError where the two tables share the name of another column.
    """
    shared = (set(points.columns) - {point}) & (set(areas.columns) - {area})
    if shared:
        raise ValueError(f"points and areas both have {sorted(shared)}: rename them in one, or both cannot be shown")
    # Sedona's join breaks on a shape that is not known.
    there = areas.rename(_area=area).filter(ibis._["_area"].notnull())
    here = points.rename(_point=point).filter(ibis._["_point"].notnull())
    found = here.join(there, intersects(there["_area"], here["_point"]))
    return found.drop("_area", "_point")
