"use strict";
// The measure that the reader colours the map by: fills, values, and the legend that explains them.
class GridoptViews {
  constructor(page) {
    this.page = page;
    this.list = [{ name: "community", said: page.text.by_place }, ...page.views];
    this.now = this.list[0];
    this.heard = [];
  }
  // Fill the select of one part of the page; all of them show the same measure
  offer(select) {
    this.list.forEach((view) => {
      const option = this.page.make("option", view.said);
      option.value = view.name;
      select.append(option);
    });
    select.setAttribute("aria-label", this.page.text.view);
    select.addEventListener("change", () => this.show(select.value));
    this.heard.push(() => { select.value = this.now.name; });
  }
  onChange(act) {
    this.heard.push(act);
  }
  show(name) {
    this.now = this.list.find((view) => view.name === name) || this.list[0];
    this.heard.forEach((act) => act());
  }
  next() {
    this.show(this.list[(this.list.indexOf(this.now) + 1) % this.list.length].name);
  }
  of(level) {
    return this.now.levels && this.now.levels[level];
  }
  fill(level, i) {
    const known = this.of(level);
    return known ? known.keys[known.of[i]][0] : this.page.places[level].fill[i];
  }
  value(level, i) {
    const known = this.of(level);
    return known && known.values ? known.values[i] : "";
  }
  // The figure of a place where there is room for one: that of the measure, else its households
  figure(level, i) {
    const { main, rows } = this.page.rollups[level];
    return this.value(level, i) || rows[i][main] + this.page.text.households_tail;
  }
  // How strong the bar of a place is beside its neighbours, 0..1; only numbers have bars
  strength(level, i) {
    const figure = (k) => parseFloat(this.value(level, k).replace(/,/g, ""));
    const known = this.of(level);
    if (!known || !known.values || Number.isNaN(figure(i))) return 0;
    const most = Math.max(...known.values.map((_, k) => figure(k) || 0));
    return most > 0 ? figure(i) / most : 0;
  }
  // Rows of the legend for the places that are shown
  keys(level, shown) {
    const known = this.of(level);
    if (!known) return [];
    const counts = new Map();
    shown.forEach((i) => counts.set(known.of[i], (counts.get(known.of[i]) || 0) + 1));
    return known.keys.flatMap(([colour, text], k) => (this.now.counted || counts.has(k)
      ? [this.key(this.page.swatch({ background: colour }), text, counts.get(k) || 0)] : []));
  }
  key(box, text, tail) {
    const item = this.page.make("li", undefined, "key");
    item.append(box, this.page.make("span", text));
    if (tail !== undefined) item.append(this.page.make("span", tail, "tail"));
    return item;
  }
}
