"use strict";
// Presentation: from the city down to one building, a level at a time, in large type, by mouse or by keys.
class GridoptPresent {
  constructor(page, views, layers, card) {
    Object.assign(this, { page, views, layers, card, on: false, level: "city", i: 0 });
    this.shown = L.layerGroup();
    page.byId("stage-leave").textContent = page.text.leave;
    page.byId("stage-keys").textContent = page.text.keys_hint;
    views.offer(page.byId("stage-view"));
    views.onChange(() => this.on && this.draw());
    document.addEventListener("keydown", (event) => this.on && this.press(event));
  }
  enter(level, i) {
    Object.assign(this, { on: true, level, i });
    document.body.classList.add("presenting");
    this.page.map.keyboard.disable();
    this.page.map.invalidateSize({ animate: false, pan: false });
    this.shown.addTo(this.page.map);
    this.draw();
    this.fit();
  }
  leave() {
    this.on = false;
    document.body.classList.remove("presenting");
    this.page.map.keyboard.enable();
    this.shown.clearLayers().remove();
    this.page.map.invalidateSize({ animate: false, pan: false });
  }
  // What is shown inside the place: the places of the next level; a building is shown among its neighbours
  get frame() {
    const { page } = this;
    return this.level === "building" ? { level: "grid", i: page.buildings.grid[this.i] } : { level: this.level, i: this.i };
  }
  get children() {
    const { level, i } = this.frame, below = this.page.below(level);
    return below === "building" && !this.page.buildings.grid.length ? [] : this.page.inside(level, i);
  }
  get path() {
    const steps = [];
    for (let { level, i } = this; level; i = level === "city" ? 0 : this.page.owner(level, i), level = this.page.above(level)) steps.unshift({ level, i });
    return steps;
  }
  get address() {
    const { page, level, i } = this;
    const id = level === "city" ? "" : level === "building" ? i : page.places[level].id[i];
    return `present=${level}:${encodeURIComponent(id)}&view=${encodeURIComponent(this.views.now.name)}`;
  }
  find(level, id) {
    if (level === "city") return 0;
    if (level === "building") return Number(id) < this.page.buildings.grid.length ? Number(id) : -1;
    return this.page.places[level] ? this.page.places[level].id.indexOf(id) : -1;
  }

  // Keys
  press(event) {
    if (event.target.tagName === "SELECT" || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowLeft: () => this.step(-1), ArrowRight: () => this.step(1), ArrowUp: () => this.up(), Backspace: () => this.up(),
      ArrowDown: () => this.down(), Enter: () => this.down(), Home: () => this.enter("city", 0), m: () => this.views.next(),
      M: () => this.views.next(),
    }[event.key];
    if (!act || (event.key === "Enter" && event.target.tagName === "BUTTON")) return;
    event.preventDefault();
    act();
  }
  up() {
    const { page, level, i } = this;
    if (level !== "city") this.enter(page.above(level), page.owner(level, i));
  }
  down() {
    if (this.level !== "building" && this.children.length) this.enter(this.page.below(this.level), this.children[0]);
  }
  step(by) {
    const { page, level, i } = this;
    if (level === "city") return;
    const kin = page.inside(page.above(level), page.owner(level, i));
    this.enter(level, kin[(kin.indexOf(i) + by + kin.length) % kin.length]);
  }

  // The map
  draw() {
    const { page, layers, shown } = this, { level, i } = this.frame, below = page.below(level);
    shown.clearLayers();
    const around = level === "city" ? [] : page.places[level].id.map((_, k) => k).filter((k) => k !== i);
    around.forEach((k) => layers.shape("fill", page.outline(level, k), { color: "#ffffff", weight: 1.5, fillColor: "#dfe4e1", fillOpacity: 1 })
      .on("click", () => this.enter(level, k)).addTo(shown));
    if (below === "building") this.drawGrid(i);
    else this.children.forEach((k) => layers.shape("fill", page.outline(below, k), { color: "#ffffff", weight: 2.5, fillColor: this.views.fill(below, k), fillOpacity: 1 })
      .bindTooltip(() => page.make("span", [page.nameOf(below, k), this.views.figure(below, k)].join(" · ")), { sticky: true, className: "tip", opacity: 1 })
      .on("click", () => this.enter(below, k)).addTo(shown));
    if (below === "grid") this.children.filter((k) => page.decided.includes(k)).forEach((k) =>
      layers.shape("decide", page.outline("grid", k), { color: page.outlineColour, weight: 3, fill: false, dashArray: "7 4" }).addTo(shown));
    const close = below === "grid" || below === "building" || this.views.now.tier;
    page.map[close && page.facilities.name.length ? "addLayer" : "removeLayer"](layers.facilities);
    if (level !== "city") layers.shape("border", page.outline(level, i), { color: "#22343a", weight: 3.5, fill: false }).addTo(shown);
    this.tell();
  }
  drawGrid(grid) {
    const { page, layers, shown } = this;
    layers.shape("fill", page.outline("grid", grid), { stroke: false, fillColor: this.views.fill("grid", grid), fillOpacity: 1 }).addTo(shown);
    this.children.forEach((b) => {
      const chosen = this.level === "building" && b === this.i;
      const style = { color: "#ffffff", weight: 1, fillColor: chosen ? page.outlineColour : "#55706f", fillOpacity: chosen ? 1 : 0.8 };
      const house = page.footprints.shape.length ? layers.shape("fill", page.outline("building", b), style)
        : L.circleMarker(page.at("building", b), { pane: "fill", renderer: layers.drawn.fill, radius: 6, ...style });
      house.bindTooltip(() => page.make("span", page.nameOf("building", b)), { sticky: true, className: "tip", opacity: 1 })
        .on("click", () => this.enter("building", b)).addTo(shown);
    });
  }
  fit() {
    const panel = this.page.byId("stage").getBoundingClientRect(), bar = this.page.byId("crumbs").getBoundingClientRect();
    const paper = document.body.classList.contains("paper");
    const beside = paper ? { padding: [16, 16] } : this.page.isPhone() ? { paddingTopLeft: [10, bar.bottom + 10], paddingBottomRight: [10, panel.height + 10] }
      : { paddingTopLeft: [panel.right + 30, bar.bottom + 24], paddingBottomRight: [36, 60] };
    const { level, i } = this.frame;
    this.page.map.fitBounds(this.page.bounds(level, i), { ...beside, animate: false, maxZoom: 19 });
  }
  labels(metres) {
    const { page } = this, below = page.below(this.frame.level);
    return this.children.map((k) => {
      const building = below === "building";
      const name = building ? page.buildings.number[k] : below === "grid" ? page.tail(k) : page.nameOf(below, k);
      const value = building ? "" : this.views.value(below, k);
      return { at: page.at(below, k), lines: value ? [name, value] : [name], px: building ? 13 : 19, weight: 650, ink: "#16282d",
        room: building || page.places[below].side[k] / metres > 26 };
    }).filter((label) => label.room);
  }

  // The words
  tell() {
    const { page, level, i } = this;
    page.byId("stage-level").textContent = page.said(level);
    page.byId("stage-name").textContent = page.nameOf(level, i);
    page.byId("crumbs-path").replaceChildren(...this.path.flatMap((step, n) => {
      const crumb = page.button(page.nameOf(step.level, step.i), undefined, () => this.enter(step.level, step.i));
      if (step.level === level && step.i === i) crumb.setAttribute("aria-current", "page");
      return n ? [page.make("span", "›"), crumb] : [crumb];
    }));
    page.byId("stage-figures").replaceChildren(...this.figures());
    page.byId("stage-list").replaceChildren(...this.rows());
    page.byId("stage-legend").replaceChildren(...this.legend());
    history.replaceState(null, "", "#" + this.address);
  }
  figures() {
    const { page, level, i } = this;
    if (level === "building") {
      const grid = page.buildings.grid[i];
      return [page.make("p", page.footprints.about[i] || ""), ...page.pairs(page.said("grid"), [[page.nameOf("grid", grid), page.grids.id[grid]]]),
        ...this.card.people(grid)];
    }
    const { labels, rows } = page.rollups[level];
    const figures = labels.map((said, n) => {
      const box = page.make("div");
      box.append(page.make("b", rows[i][n]), page.make("span", said));
      return box;
    });
    return level === "grid" ? [...figures, this.card.facts(i), ...this.card.people(i), ...this.card.unmet(i)] : figures;
  }
  rows() {
    const { page } = this, { level } = this.frame, below = page.below(level);
    return [page.make("h3", `${page.many(below)} · ${this.children.length.toLocaleString("en")}`), ...this.children.map((k) => {
      const building = below === "building", row = page.button(undefined, building ? "row tall" : "row", () => this.enter(below, k));
      if (!building) row.append(page.swatch({ background: this.views.fill(below, k) }));
      row.append(page.make("b", page.nameOf(below, k)));
      row.append(page.make("span", building ? page.footprints.about[k] || "" : this.views.figure(below, k)));
      if (!building) row.append(this.bar(this.views.strength(below, k)));
      if (this.level === "building" && k === this.i) row.setAttribute("aria-current", "true");
      return row;
    })];
  }
  bar(share) {
    const bar = this.page.make("i");
    bar.style.width = `${100 * share}%`;
    return bar;
  }
  legend() {
    const below = this.page.below(this.frame.level);
    const level = below === "building" ? "grid" : below;
    const keys = this.views.keys(level, below === "building" ? [this.frame.i] : this.children);
    return keys.length ? [this.page.make("h3", this.views.now.said), ...keys] : [];
  }
}
