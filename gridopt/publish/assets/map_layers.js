"use strict";
// Panes from the ground up, and what may be switched on and off: ground, borders, decisions, services, homes out of reach.
class GridoptLayers {
  constructor(page) {
    this.page = page;
    this.drawn = {};
    ["fill", "ground", "border", "decide", "chosen", "points", "labels"].forEach((name, i) => {
      const pane = page.map.createPane(name);
      pane.style.zIndex = 400 + i * 10;
      if (i) pane.style.pointerEvents = "none"; // only the fills listen to the pointer
      if (name !== "labels") this.drawn[name] = L.canvas({ pane: name, padding: 0.3 });
    });
    this.tierInks = ["#2b5d8a", "#7a4b8c", "#2f7d5b", "#a8622a", "#5a5f66"];
    this.roads = {};
    this.ground = this.makeGround();
    this.borders = L.layerGroup(page.communities.shape.map((_, i) =>
      this.shape("border", page.outline("community", i), { color: "#37494c", weight: 1.8, opacity: 0.85, fill: false })));
    this.decisions = L.layerGroup();
    page.decided.forEach((i) => this.shape("decide", page.outline("grid", i),
      { color: page.outlineColour, weight: 2.2, fill: false, dashArray: "5 3" }).addTo(this.decisions));
    this.facilities = L.layerGroup(page.facilities.name.map((_, i) => this.dot("points",
      page.place(page.facilities.x[i], page.facilities.y[i]),
      { radius: 4.5, color: "#ffffff", weight: 1.5, fillColor: this.tierInk(page.facilities.tier[i]), fillOpacity: 1 })));
    this.beyond = L.layerGroup();
    this.beyondShown = "";
  }
  shape(pane, outline, style) {
    return new GridoptPolygon(outline, { pane, renderer: this.drawn[pane], interactive: pane === "fill", ...style });
  }
  stroke(lines, style) {
    return new GridoptLine(new GridoptOutline(lines), { pane: "ground", renderer: this.drawn.ground, interactive: false, ...style });
  }
  dot(pane, at, style) {
    return L.circleMarker(at, { pane, renderer: this.drawn[pane], interactive: false, ...style });
  }
  tierInk(tier) {
    return this.tierInks[tier % this.tierInks.length];
  }

  // Water, roads and railways below, and buildings once there is room for them
  makeGround() {
    const { page } = this, { lines } = page, ground = L.layerGroup();
    if (lines.water.length)
      this.shape("ground", new GridoptOutline(lines.water.flat(2)), { stroke: false, fillColor: "#a9cbe0", fillOpacity: 0.75 }).addTo(ground);
    if (lines.river.length) this.stroke(lines.river, { color: "#8fbcd8", weight: 2, opacity: 0.9 }).addTo(ground);
    [
      ["minor", { color: "#ffffff", weight: 1.4, opacity: 0.75 }],
      ["major", { color: "#ffffff", weight: 3.4, opacity: 0.95 }],
      ["rail", { color: "#7b8585", weight: 1.6, opacity: 0.9, dashArray: "7 4" }],
    ].forEach(([kind, style]) => lines[kind].length && (this.roads[kind] = this.stroke(lines[kind], style)).addTo(ground));
    return ground;
  }
  // Seen from so far that grids are specks, their colours count: lines are thin then, dots small, and lanes are left out
  showFine(fine) {
    const { minor, major } = this.roads;
    if (minor) this.ground[fine ? "addLayer" : "removeLayer"](minor);
    if (major) major.setStyle({ weight: fine ? 3.4 : 1 });
    this.borders.eachLayer((border) => border.setStyle({ weight: fine ? 1.8 : 0.7 }));
    this.decisions.eachLayer((grid) => grid.setStyle({ weight: fine ? 2.2 : 1, dashArray: fine ? "5 3" : null }));
    this.facilities.eachLayer((dot) => dot.setStyle({ weight: fine ? 1.5 : 0, radius: fine ? 4.5 : 1.6 }));
  }
  followZoom() {
    const { page } = this, shown = page.map.getZoom() >= 15;
    if (shown && !this.houses && page.footprints.shape.length) {
      const all = GridoptOutline.of(page.footprints.shape.map((_, i) => page.outline("building", i)));
      this.houses = this.shape("ground", all, { stroke: false, fillColor: "#30403f", fillOpacity: 0.13 });
    }
    if (this.houses && shown !== this.ground.hasLayer(this.houses)) this.ground[shown ? "addLayer" : "removeLayer"](this.houses);
  }

  // Homes out of reach of one tier, or of all ("all"), or none ("")
  showBeyond(tier) {
    if (tier === this.beyondShown) return;
    this.beyondShown = tier;
    this.beyond.clearLayers();
    const { beyond } = this.page;
    beyond.tier.forEach((own, i) => {
      if (tier === "" || (tier !== "all" && own !== tier)) return;
      this.dot("points", this.page.place(beyond.x[i], beyond.y[i]), { radius: 2 + Math.min(4, Math.sqrt(beyond.people[i]) / 4),
        color: "#ffffff", weight: 0.6, fillColor: tier === "all" ? this.tierInk(own) : "#a3271c", fillOpacity: 0.85 }).addTo(this.beyond);
    });
  }
}
