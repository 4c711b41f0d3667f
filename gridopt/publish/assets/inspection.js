"use strict";
(() => {
  const map = document.querySelector("svg.faults");
  if (!map) return;
  const whole = map.getAttribute("viewBox").split(" ").map(Number);
  let box = whole.slice();
  const show = () => map.setAttribute("viewBox", box.join(" "));
  const faults = [...map.querySelectorAll(".fault")];
  const rowOf = (number) => document.querySelector(`tr[data-row="${number}"]`);

  function zoom(factor, x, y) {
    const width = Math.min(Math.max(box[2] * factor, 5), whole[2] * 2);
    const kept = width / box[2];
    box = [x - (x - box[0]) * kept, y - (y - box[1]) * kept, width, box[3] * kept];
    show();
  }

  function fit(shapes) {
    const frames = shapes.map((shape) => shape.getBBox());
    const west = Math.min(...frames.map((one) => one.x)), north = Math.min(...frames.map((one) => one.y));
    const east = Math.max(...frames.map((one) => one.x + one.width));
    const south = Math.max(...frames.map((one) => one.y + one.height));
    const ratio = whole[3] / whole[2];
    const width = Math.max(1.6 * (east - west), (1.6 * (south - north)) / ratio, 80);
    box = [(west + east - width) / 2, (north + south - width * ratio) / 2, width, width * ratio];
    show();
  }

  function mark(number, shapes) {
    document.querySelectorAll(".on").forEach((one) => one.classList.remove("on"));
    map.classList.toggle("chosen", shapes.length > 0);
    shapes.forEach((shape) => shape.classList.add("on"));
    const row = rowOf(number);
    if (row) row.classList.add("on");
    return row;
  }

  function choose(number, place) {
    const shapes = faults.filter((one) => one.dataset.row === number && (place === null || one.dataset.place === place));
    if (!shapes.length) return;
    mark(number, shapes);
    fit(shapes);
    map.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.row !== undefined) choose(button.dataset.row, button.dataset.place ?? null);
    else if (button.dataset.zoom === "0") { box = whole.slice(); show(); mark("", []); }
    else if (button.dataset.zoom) zoom(Number(button.dataset.zoom), box[0] + box[2] / 2, box[1] + box[3] / 2);
  });

  const at = (event) => {
    const frame = map.getBoundingClientRect();
    return [box[0] + ((event.clientX - frame.left) / frame.width) * box[2],
      box[1] + ((event.clientY - frame.top) / frame.height) * box[3]];
  };
  map.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.25 : 0.8, ...at(event));
  }, { passive: false });
  let held = null, moved = false;
  map.addEventListener("pointerdown", (event) => { held = at(event); moved = false; });
  map.addEventListener("pointermove", (event) => {
    if (!held || !event.buttons) return;
    const [x, y] = at(event);
    moved = moved || Math.hypot(x - held[0], y - held[1]) > box[2] / 300;
    if (moved) { box[0] += held[0] - x; box[1] += held[1] - y; show(); }
  });
  map.addEventListener("click", (event) => {
    held = null;
    const fault = event.target.closest(".fault");
    if (moved || !fault) return;
    const row = mark(fault.dataset.row, [fault]);
    if (row) row.scrollIntoView({ block: "center" });
  });
})();
