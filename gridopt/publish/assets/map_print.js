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
  }
}
