"use strict";
// What every part of the page shares: the data, elements made of plain text, shapes made of steps, levels of places.
class GridoptPage {
  constructor(data, map) {
    Object.assign(this, data);
    this.map = map;
    this.grids = data.places.grid;
    this.communities = data.places.community;
    this.levelNames = data.levels.map((level) => level.name);
    this.outlines = {};
    this.held = {};
  }
  // Heading and labels: what there is to read before the map is drawn
  tell() {
    ["title", "status", "counts"].forEach((id) => { this.byId(id).textContent = this[id]; });
    document.querySelectorAll("[data-text]").forEach((element) => { element.textContent = this.text[element.dataset.text]; });
  }
  byId(id) {
    return document.getElementById(id);
  }
  make(tag, text, classes) {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (classes) element.className = classes;
    return element;
  }
  button(text, classes, act) {
    const element = this.make("button", text, classes);
    element.type = "button";
    element.addEventListener("click", act);
    return element;
  }
  swatch(style, classes) {
    const box = this.make("span", undefined, "swatch " + (classes || ""));
    Object.assign(box.style, style);
    return box;
  }
  pairs(said, listed) {
    if (!listed.length) return [];
    const rows = this.make("dl", undefined, "pairs");
    listed.forEach(([name, value]) => rows.append(this.make("dt", name), this.make("dd", value)));
    return [this.make("h3", said), rows];
  }
  isPhone() {
    return window.matchMedia("(max-width: 640px)").matches;
  }

  // Shapes
  place(x, y) {
    return [y / 1e6, x / 1e6];
  }
  at(level, i) {
    const places = level === "building" ? this.buildings : this.places[level];
    return this.place(places.x[i], places.y[i]);
  }
  outline(level, i) {
    const kept = (this.outlines[level] ||= []), { shape } = level === "building" ? this.footprints : this.places[level];
    if (!kept[i]) {
      kept[i] = new GridoptOutline(shape[i].flat());
      shape[i] = null; // a million numbers need not be kept twice
    }
    return kept[i];
  }
  bounds(level, i) {
    if (level === "city") return this.whole;
    if (level === "building" && !this.footprints.shape.length) return L.latLng(this.at(level, i)).toBounds(60);
    return this.outline(level, i).bounds;
  }
  get whole() {
    const first = this.levelNames[1];
    return (this.wholeCity ||= this.places[first].shape
      .map((_, i) => this.bounds(first, i))
      .reduce((all, one) => all.extend(one), L.latLngBounds([])));
  }

  // Levels: the city holds the places of the first level, each of those some of the next, grids their buildings
  below(level) {
    return this.levelNames[this.levelNames.indexOf(level) + 1];
  }
  above(level) {
    return this.levelNames[this.levelNames.indexOf(level) - 1];
  }
  said(level) {
    return this.levels[this.levelNames.indexOf(level)].said;
  }
  many(level) {
    return this.levels[this.levelNames.indexOf(level)].many;
  }
  owners(level) {
    return level === "building" ? this.buildings.grid : this.places[level].owner;
  }
  owner(level, i) {
    return this.above(level) === "city" ? 0 : this.owners(level)[i];
  }
  inside(level, i) {
    if (!this.held[level]) {
      const listed = (this.held[level] = {});
      this.owners(this.below(level)).forEach((owner, child) => (listed[level === "city" ? 0 : owner] ||= []).push(child));
    }
    return this.held[level][i] || [];
  }
  nameOf(level, i) {
    if (level === "city") return this.city;
    if (level !== "building") return this.places[level].name[i];
    const estate = this.buildings.estates[this.buildings.estate[i]];
    return (estate && estate + " ") + this.buildings.number[i];
  }
  // The name of a grid without that of its community
  tail(i) {
    const community = this.communities.name[this.grids.owner[i]], name = this.grids.name[i];
    return name.startsWith(community) ? name.slice(community.length) || name : name;
  }
}
