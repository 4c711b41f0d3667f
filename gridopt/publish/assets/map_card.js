"use strict";
// The card of a grid: what platforms show when someone asks whose place this is.
class GridoptCard {
  constructor(page, leave) {
    this.page = page;
    this.box = page.byId("card");
    this.leave = leave;
  }
  show(i) {
    const { page } = this, { grids, cards } = page;
    const close = page.button("×", "close", this.leave);
    close.setAttribute("aria-label", page.text.close);
    const title = page.make("h2", grids.name[i] + " ");
    title.append(page.make("span", cards.status[i], "chip"));
    const figures = page.make("div", undefined, "figures");
    cards.figures.forEach((row) => {
      const figure = page.make("div");
      figure.append(page.make("b", cards.rows[i][row]), page.make("span", cards.labels[row]));
      figures.append(figure);
    });
    const open = page.findings.by_grid[i].length > 0;
    this.box.replaceChildren(close, title, page.make("p", grids.id[i], "code"), figures, ...(open ? this.unmet(i) : []),
      page.make("hr"), this.facts(i), ...this.people(i), ...(open ? [] : this.unmet(i)));
    this.box.hidden = false;
    this.box.scrollTop = 0;
  }
  hide() {
    this.box.hidden = true;
  }
  facts(i) {
    const { page } = this, rows = page.make("dl");
    page.cards.labels.forEach((said, row) => {
      const value = page.cards.rows[i][row];
      if (!page.cards.figures.includes(row)) rows.append(page.make("dt", said), page.make("dd", value));
    });
    return rows;
  }
  // Staff and services
  people(i) {
    const { page } = this;
    return [...page.pairs(page.cards.posts_label, page.cards.posts[i]),
      ...page.pairs(page.reach.label, page.reach.places[page.grids.id[i]] || [])];
  }
  unmet(i) {
    const { page } = this, listed = page.findings.by_grid[i].map((row) => page.findings.rows[row]);
    const parts = [page.make("h3", page.cards.unmet_label)];
    if (!listed.length) parts.push(page.make("p", page.text.nothing_unmet, "fine"));
    listed.forEach((row) => {
      const box = page.make("div", undefined, "finding " + row.class), head = page.make("div", row.rule + " ");
      head.append(page.make("span", row.said, "chip " + row.class));
      box.append(head);
      [row.against, row.reason, row.remedy].filter(Boolean).forEach((text) => box.append(page.make("p", text)));
      parts.push(box);
    });
    return parts;
  }
}
