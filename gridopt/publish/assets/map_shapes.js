"use strict";
// Polygons and lines of the page. A large city has a million corners: they are projected once and kept as plain
// numbers, and a shape is drawn with no more corners than the eye tells apart at the present zoom.
class GridoptOutline {
  // lines: rings or lines as the page holds them, x, y in 1e-6 degrees, then steps
  constructor(lines) {
    this.west = this.south = Infinity;
    this.east = this.north = -Infinity;
    this.lines = lines.map((steps) => this.projected(steps));
  }
  // x, y of Web Mercator as shares of the world, from its north-western corner
  projected(steps) {
    const line = new Float64Array(steps.length);
    for (let i = 0, x = 0, y = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      this.west = Math.min(this.west, x);
      this.east = Math.max(this.east, x);
      this.south = Math.min(this.south, y);
      this.north = Math.max(this.north, y);
      line[i] = x / 360e6 + 0.5;
      line[i + 1] = 0.5 - Math.log(Math.tan(Math.PI / 4 + (y * Math.PI) / 360e6)) / (2 * Math.PI);
    }
    return line;
  }
  get bounds() {
    return L.latLngBounds([[this.south / 1e6, this.west / 1e6], [this.north / 1e6, this.east / 1e6]]);
  }
  // The outlines of several places as one
  static of(outlines) {
    const all = new GridoptOutline([]);
    outlines.forEach((one) => {
      all.lines.push(...one.lines);
      all.west = Math.min(all.west, one.west);
      all.east = Math.max(all.east, one.east);
      all.south = Math.min(all.south, one.south);
      all.north = Math.max(all.north, one.north);
    });
    return all;
  }
}

const GridoptDrawn = {
  initialize(outline, options) {
    L.setOptions(this, options);
    this.outline = outline;
    this._parts = [];
  },
  getBounds() {
    return this.outline.bounds;
  },
  // Corners nearer than this to the last one drawn, in pixels across and up, are left out,
  NEAR: 0.75,
  // and then those that a line past them misses by less than this
  STRAIGHT: 0.4,
  _project() {
    const { outline, _map: map } = this, at = (y, x) => map.latLngToLayerPoint([y / 1e6, x / 1e6]);
    this.seen = null;
    if (!outline.lines.length) return;
    this._rawPxBounds = L.bounds(at(outline.north, outline.west), at(outline.south, outline.east));
    this._updateBounds();
  },
  _update() {
    if (!this._map) return;
    const view = this._renderer._bounds, box = this._pxBounds;
    this._parts = [];
    if (!box || !box.intersects(view)) return;
    this._rings = this.seen ||= this.thinned();
    this.options.noClip = view.contains(box);
    this._clipPoints();
    this._updatePath();
  },
  thinned() {
    const map = this._map, scale = map.options.crs.scale(map.getZoom()), from = map.getPixelOrigin();
    return this.outline.lines.map((line) => {
      const points = [], last = line.length - 2;
      for (let i = 0, x = 0, y = 0; i <= last; i += 2) {
        const px = line[i] * scale - from.x, py = line[i + 1] * scale - from.y;
        if (i && i < last && Math.abs(px - x) < this.NEAR && Math.abs(py - y) < this.NEAR) continue;
        points.push(new L.Point((x = px), (y = py)));
      }
      return L.LineUtil.simplify(points, this.STRAIGHT);
    });
  },
};
const GridoptPolygon = L.Polygon.extend(GridoptDrawn), GridoptLine = L.Polyline.extend(GridoptDrawn);
