"""Real map libraries in a headless browser load an exported GeoJSON and draw every grid."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from gridopt.publish.export import export
from tests.browser import needs_chromium, visit
from tests.folders import full_plan

ASSETS = Path(__file__).parents[1] / "gridopt" / "publish" / "assets"

LEAFLET = """<!doctype html><html><head><meta charset="utf-8"><style>{style}</style><script>{library}</script></head>
<body><div id="map" style="width:800px;height:600px"></div><p id="said"></p><script>
const grids = {grids};
const map = L.map('map', {{preferCanvas: false, zoomAnimation: false}});
const layer = L.geoJSON(grids, {{onEachFeature: (one, path) => path.bindTooltip(one.properties.name)}}).addTo(map);
map.fitBounds(layer.getBounds());
const drawn = [...document.querySelectorAll('path.leaflet-interactive')].filter(p => p.getAttribute('d').length > 8);
document.getElementById('said').textContent = `drawn ${{drawn.length}} of ${{grids.features.length}}`;
</script></body></html>"""

MAPLIBRE = """<!doctype html><html><head><meta charset="utf-8"><script>{library}</script></head>
<body><div id="map" style="width:800px;height:600px"></div><p id="said">nothing</p><script>
const grids = {grids};
const said = text => document.getElementById('said').textContent = text;
try {{
  const map = new maplibregl.Map({{container: 'map', style: {{version: 8, sources: {{}}, layers: []}},
    center: [{x}, {y}], zoom: 15, fadeDuration: 0}});
  map.on('load', () => {{
    map.addSource('grids', {{type: 'geojson', data: grids, promoteId: 'grid_code'}});
    map.addLayer({{id: 'fill', type: 'fill', source: 'grids', paint: {{'fill-color': '#69c'}}}});
    map.once('idle', () => {{
      const codes = new Set(map.queryRenderedFeatures({{layers: ['fill']}}).map(one => one.properties.grid_code));
      said(`drawn ${{codes.size}} of ${{grids.features.length}}`);
    }});
  }});
  map.on('error', event => said(`error ${{event.error.message}}`));
}} catch (error) {{ said(`error ${{error.message}}`); }}
</script></body></html>"""


def page_text(page: str, folder: Path) -> str:
    path = folder / "page.html"
    path.write_text(page, encoding="utf-8")
    return visit(path, folder).text()


@needs_chromium
@pytest.mark.parametrize("platform", ["leaflet", "amap"])
def test_a_leaflet_page_draws_every_grid(platform: str, tmp_path: Path) -> None:
    written = export(full_plan(), tmp_path / "grids.geojson", to=platform, names="zh")
    library, style = ((ASSETS / name).read_text("utf-8") for name in ("leaflet.js", "leaflet.css"))
    page = LEAFLET.format(library=library, style=style, grids=written.files[0].read_text("utf-8"))
    assert "drawn 4 of 4" in page_text(page, tmp_path)


@pytest.fixture(scope="module")
def maplibre(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The library as MAPLIBRE names it, or as npm installs it; skipped where neither is to be had."""
    named = os.environ.get("MAPLIBRE")
    if named:
        return Path(named).read_text("utf-8")
    place = tmp_path_factory.mktemp("npm")
    command = ["npm", "install", "--prefix", str(place), "--no-audit", "--no-fund", "maplibre-gl@4"]
    try:
        run = subprocess.run(command, capture_output=True, timeout=60, check=False)
    except (OSError, subprocess.TimeoutExpired):
        pytest.skip("npm does not answer")
    if run.returncode:
        pytest.skip("npm cannot install maplibre-gl here")
    return (place / "node_modules" / "maplibre-gl" / "dist" / "maplibre-gl.js").read_text("utf-8")


@needs_chromium
@pytest.mark.slow
def test_a_maplibre_page_draws_every_grid(maplibre: str, tmp_path: Path) -> None:
    plan = full_plan()
    written = export(plan, tmp_path / "grids.geojson", to="mapbox")
    middle = plan.grids.geometry.to_crs("EPSG:4326").union_all().centroid
    library = maplibre.replace("</script>", "<\\/script>")
    grids = written.files[0].read_text("utf-8")
    page = MAPLIBRE.format(library=library, grids=grids, x=middle.x, y=middle.y)
    # The library draws in workers of its own, which a busy machine may not let finish while the browser waits.
    visits = (page_text(page, tmp_path) for _ in range(4))
    text = next((one for one in visits if "nothing" not in one), "nothing")
    if "WebGL" in text:
        pytest.skip("this browser draws without WebGL")
    assert "drawn 4 of 4" in text
