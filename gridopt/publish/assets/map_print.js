"use strict";
// On paper the map takes a fixed size. A canvas must be on the screen before it can be printed, so the page is laid out
// first and printed two frames later; a print asked for from the browser's own menu shows the page as it stands.
class GridoptPrint {
  constructor(page, refit) {
    this.page = page;
    this.refit = refit;
    page.byId("print").addEventListener("click", () => this.print());
    document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "p") {
        event.preventDefault();
        this.print();
      }
    });
  }
  print() {
    this.lay(true);
    window.addEventListener("afterprint", () => this.lay(false), { once: true });
    requestAnimationFrame(() => requestAnimationFrame(() => window.print()));
  }
  lay(paper) {
    document.body.classList.toggle("paper", paper);
    this.page.map.invalidateSize({ animate: false, pan: false });
    this.refit();
    paper ? this.fold() : this.unfold();
  }
  // Paper cannot be scrolled: two columns where a legend is long, and rows that still find no room are counted
  fold() {
    this.folded = [];
    const { byId } = this.page, keys = byId("keys"), list = byId("stage-list");
    if (document.body.classList.contains("presenting")) this.foldOne(list, list, [...list.querySelectorAll(".row")]);
    else {
      const panel = byId("panel");
      keys.classList.toggle("dense", panel.scrollHeight > panel.clientHeight);
      this.foldOne(panel, keys, [...keys.children]);
    }
  }
  foldOne(box, list, rows) {
    const more = this.page.make(list.tagName === "UL" ? "li" : "p", "", "more");
    for (let n = 1; n <= rows.length && box.scrollHeight > box.clientHeight; n++) {
      rows[rows.length - n].style.display = "none";
      more.textContent = this.page.text.more_on_screen.replace("{n}", n);
      list.append(more);
      this.folded = [more, ...rows.slice(-n)];
    }
  }
  unfold() {
    const [more, ...rows] = this.folded || [];
    if (more) more.remove();
    rows.forEach((row) => { row.style.display = ""; });
    this.page.byId("keys").classList.remove("dense");
  }
}
