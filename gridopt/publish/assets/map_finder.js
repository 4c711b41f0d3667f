"use strict";
// The search field: what it finds, listed by kind, each hit a way to its place on the map.
class GridoptFinder {
  // ways: {grid(i), community(i), building(b), estate(e, grids)}
  constructor(page, ways) {
    this.page = page;
    this.ways = ways;
    this.search = new GridoptSearch(page);
    this.field = page.byId("search");
    this.hits = page.byId("hits");
    this.field.placeholder = page.text.search;
    this.field.setAttribute("aria-label", page.text.search);
    this.field.addEventListener("input", () => this.look());
    this.field.addEventListener("focus", () => this.look());
    this.field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.hits.querySelector("button")?.click();
      if (event.key === "Escape") { this.field.value = ""; this.look(); }
    });
    page.map.on("click movestart", () => { this.hits.hidden = true; });
  }
  look() {
    const { page } = this, found = this.search.find(this.field.value);
    this.hits.hidden = !this.field.value.trim();
    this.hits.replaceChildren(...found.map((hit) => {
      const [name, more] = this.said(hit), item = page.make("li");
      const button = page.button(undefined, undefined, () => { this.hits.hidden = true; this.field.blur(); this.go(hit); });
      button.append(page.make("b", name), page.make("span", more));
      item.append(button);
      return item;
    }), ...(found.length ? [] : [page.make("p", page.text.no_hit)]));
  }
  said(hit) {
    const { page } = this, { grids, communities, buildings } = page;
    if (hit.kind === "grid") return [grids.name[hit.grid], grids.id[hit.grid]];
    if (hit.kind === "community") return [communities.name[hit.community], page.text.community];
    if (hit.kind === "estate") return [buildings.estates[hit.estate], this.search.members[hit.estate].length + page.text.building_tail];
    return [page.nameOf("building", hit.building), grids.name[buildings.grid[hit.building]]];
  }
  go(hit) {
    if (hit.kind !== "estate") return this.ways[hit.kind](hit[hit.kind]);
    return this.ways.estate([...new Set(this.search.members[hit.estate].map((b) => this.page.buildings.grid[b]))]);
  }
}
