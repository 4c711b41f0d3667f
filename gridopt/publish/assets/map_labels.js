"use strict";
// Names drawn on one canvas: as text they cannot run, and thousands of them stay light.
const GridoptLabels = L.Layer.extend({
  initialize(source, dots) { Object.assign(this, { source, dots }); },
  onAdd(map) {
    this.map = map;
    this.canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", map.getPane("labels"));
    map.on("moveend resize", this.draw, this);
    this.draw();
  },
  onRemove(map) {
    map.off("moveend resize", this.draw, this);
    this.canvas.remove();
  },
  draw() {
    const map = this.map, size = map.getSize(), sharp = window.devicePixelRatio || 1;
    L.DomUtil.setPosition(this.canvas, map.containerPointToLayerPoint([0, 0]));
    this.canvas.width = size.x * sharp;
    this.canvas.height = size.y * sharp;
    this.canvas.style.width = size.x + "px";
    this.canvas.style.height = size.y + "px";
    const pen = this.canvas.getContext("2d");
    pen.scale(sharp, sharp);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    this.font = getComputedStyle(document.body).fontFamily;
    this.taken = [];
    this.marks = this.dots().map((at) => map.latLngToContainerPoint(at)).filter((p) => p.x > 0 && p.y > 0 && p.x < size.x && p.y < size.y)
      .map((p) => [p.x - 6, p.y - 6, p.x + 6, p.y + 6]);
    for (const label of this.source(this.metresPerPixel())) this.place(pen, label, size);
  },
  metresPerPixel() {
    const map = this.map, middle = map.getSize().divideBy(2);
    const a = map.containerPointToLatLng(middle), b = map.containerPointToLatLng(middle.add([100, 0]));
    return map.distance(a, b) / 100;
  },
  // label: {at: [lat, lng], lines: [text], px, weight, ink, badge: {text, ink}}; it may stand `shift` pixels aside, and
  // be `shorter` where its lines have no room
  place(pen, label, size) {
    const p = this.map.latLngToContainerPoint(label.at);
    if (p.x < -60 || p.y < -20 || p.x > size.x + 60 || p.y > size.y + 20) return;
    for (const lines of label.shorter ? [label.lines, label.shorter] : [label.lines]) {
      const found = this.room(pen, { ...label, lines }, p);
      if (!found) continue;
      this.taken.push(found.box);
      this.write(pen, { ...label, lines }, found);
      return;
    }
  },
  // The first place at or beside a point where nothing stands yet, rather one that covers no marks
  room(pen, label, p) {
    const { font } = this, step = label.px * 1.25, { shift } = label;
    pen.font = `${label.weight} ${label.px}px ${font}`;
    const wide = Math.max(...label.lines.map((line) => pen.measureText(line).width)) / 2 + 2;
    const high = (step * label.lines.length) / 2, round = label.badge ? label.px * 0.8 : 0;
    const ways = shift ? [[0, 0], [0, shift], [0, -shift], [shift, 0], [-shift, 0]] : [[0, 0]];
    const hits = (box, boxes) => boxes.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1]);
    const free = ways.map(([x, y]) => ({ x: p.x + x, y: p.y + y, high, round }))
      .map((at) => ({ ...at, box: [at.x - wide, at.y - high, at.x + wide, at.y + high + 2 * round] }))
      .filter(({ box }) => !hits(box, this.taken));
    return free.find(({ box }) => !hits(box, this.marks)) || free[0];
  },
  write(pen, label, { x, y, high, round }) {
    const { font } = this, step = label.px * 1.25;
    label.lines.forEach((line, i) => {
      const at = y + (i - (label.lines.length - 1) / 2) * step;
      pen.font = `${i ? 400 : label.weight} ${i ? label.px - 1 : label.px}px ${font}`;
      pen.strokeStyle = "rgba(255,255,255,.82)";
      pen.lineWidth = label.halo || 3;
      pen.strokeText(line, x, at);
      pen.fillStyle = label.ink;
      pen.fillText(line, x, at);
    });
    if (label.badge) this.stamp(pen, label.badge, [x, y + high + round], round);
  },
  stamp(pen, badge, [x, y], radius) {
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = badge.ink;
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
    pen.font = `600 ${Math.round(radius * 1.15)}px ${this.font}`;
    pen.fillStyle = "#ffffff";
    pen.fillText(badge.text, x, y + 0.5);
  },
});
