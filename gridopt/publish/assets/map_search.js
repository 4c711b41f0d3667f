"use strict";
// Search by grid code, grid name, community, estate and building number ("金狮小区 12幢", "金狮12").
class GridoptSearch {
  constructor(page) {
    this.page = page;
    this.codes = page.grids.id.map(GridoptSearch.plain);
    this.names = page.grids.name.map(GridoptSearch.plain);
    this.communities = page.communities.name.map(GridoptSearch.plain);
    this.estates = page.buildings.estates.map(GridoptSearch.plain);
    this.numbers = page.buildings.number.map(GridoptSearch.bare);
    this.members = page.buildings.estates.map(() => []);
    page.buildings.estate.forEach((estate, i) => this.members[estate].push(i));
  }
  static plain(text) {
    return text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");
  }
  // "12幢", "12号楼" and "#12" are the same building as "12"
  static bare(text) {
    return GridoptSearch.plain(text).replace(/^[#第]/, "").replace(/(号楼|號樓|幢|栋|棟|座|号|號|楼|樓|#)$/, "");
  }
  find(words, most = 30) {
    const asked = GridoptSearch.plain(words);
    if (!asked) return [];
    return [
      ...this.grids(asked),
      ...this.ofEstates(asked),
      ...this.named(asked, most),
    ].slice(0, most);
  }
  grids(asked) {
    const hits = [];
    this.codes.forEach((code, i) => {
      if (code.startsWith(asked) || (asked.length > 2 && code.endsWith(asked)) || this.names[i].includes(asked))
        hits.push({ kind: "grid", grid: i, rank: code === asked || this.names[i] === asked ? 0 : 1 });
    });
    this.communities.forEach((name, i) => {
      if (name.includes(asked)) hits.push({ kind: "community", community: i, rank: name === asked ? 0 : 0.5 });
    });
    return hits.sort((a, b) => a.rank - b.rank).slice(0, 20);
  }
  ofEstates(asked) {
    const hits = [];
    this.estates.forEach((estate, i) => {
      if (!estate) return;
      if (estate.includes(asked)) hits.push({ kind: "estate", estate: i });
      for (const rest of GridoptSearch.rests(asked, estate))
        for (const b of this.numbered(i, rest)) hits.push({ kind: "building", building: b });
    });
    return hits.slice(0, 20);
  }
  // What is left of the question once the estate is taken off: the whole name, or its beginning before a number.
  static rests(asked, estate) {
    if (asked.startsWith(estate)) return [GridoptSearch.bare(asked.slice(estate.length))];
    const parts = /^(\D+)(#?\d.*)$/.exec(asked);
    return parts && estate.includes(parts[1]) ? [GridoptSearch.bare(parts[2])] : [];
  }
  numbered(estate, number) {
    if (!number) return [];
    const equal = this.members[estate].filter((b) => this.numbers[b] === number);
    return equal.length ? equal : this.members[estate].filter((b) => this.numbers[b].startsWith(number)).slice(0, 6);
  }
  named(asked, most) {
    const nameless = this.estates.indexOf("");
    if (nameless < 0) return [];
    const bare = GridoptSearch.bare(asked);
    const hits = this.members[nameless].filter((b) => bare && this.numbers[b].startsWith(bare)).slice(0, most);
    return hits.map((b) => ({ kind: "building", building: b }));
  }
}
