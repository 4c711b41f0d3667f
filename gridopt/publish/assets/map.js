"use strict";
// Every value of the plan is shown through textContent or a canvas; nothing here builds HTML from text.
document.addEventListener("DOMContentLoaded", () => {
  const page = JSON.parse(document.getElementById("gridopt-data").textContent);
  const map = map_gridopt, { grids, communities, cards } = page;
  const byId = (id) => document.getElementById(id);
  const make = (tag, text, classes) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (classes) element.className = classes;
    return element;
  };
  const place = (x, y) => [y / 1e6, x / 1e6];
  const line = (steps) => {
    const points = [];
    for (let i = 0, x = 0, y = 0; i < steps.length; i += 2) {
      x += steps[i];
      y += steps[i + 1];
      points.push(place(x, y));
    }
    return points;
  };
  const polygon = (parts) => parts.map((rings) => rings.map(line));

  // Panes from the ground up; only the first one listens to the pointer.
  const panes = ["fill", "ground", "border", "decide", "chosen", "points", "labels"];
  const drawn = {};
  panes.forEach((name, i) => {
    const pane = map.createPane(name);
    pane.style.zIndex = 400 + i * 10;
    if (i) pane.style.pointerEvents = "none";
    if (name !== "labels") drawn[name] = L.canvas({ pane: name, padding: 0.3 });
  });
  const shape = (pane, points, style) =>
    L.polygon(points, { pane, renderer: drawn[pane], interactive: pane === "fill", smoothFactor: 0.6, ...style });
  const stroke = (lines, style) =>
    L.polyline(lines, { pane: "ground", renderer: drawn.ground, interactive: false, ...style });

  const state = { view: "community", chosen: -1, labels: true, ground: true, facilities: page.facilities.name.length > 0 };
  const fills = {
    community: (i) => grids.fill[i],
    size: (i) => page.views.size.find((row) => row[0] === grids.size[i])[1],
    decision: (i) => page.views.decision.find((row) => row[0] === grids.decision[i])[1],
  };
  const phone = () => window.matchMedia("(max-width: 640px)").matches;

  // Grids
  const cells = grids.shape.map((parts, i) => {
    const cell = shape("fill", polygon(parts), { color: "#ffffff", weight: 1, opacity: 0.95, fillOpacity: 1 });
    cell.on("click", () => choose(i, false));
    cell.bindTooltip(() => tip(i), { sticky: true, className: "tip", opacity: 1 });
    return cell.addTo(map);
  });
  const tip = (i) => make("span", `${grids.name[i]} · ${grids.amount[i]}`);
  const paint = () => cells.forEach((cell, i) => cell.setStyle({ fillColor: fills[state.view](i) }));
  const whole = L.latLngBounds(cells.map((cell) => cell.getBounds()).flatMap((b) => [b.getSouthWest(), b.getNorthEast()]));

  // Ground: water, roads, railways, footprints
  const ground = L.layerGroup();
  if (page.lines.water.length)
    shape("ground", page.lines.water.flatMap(polygon), { stroke: false, fillColor: "#a9cbe0", fillOpacity: 0.75 }).addTo(ground);
  if (page.lines.river.length) stroke(page.lines.river.map(line), { color: "#8fbcd8", weight: 2, opacity: 0.9 }).addTo(ground);
  if (page.footprints.length)
    ground.footprints = shape("ground", polygon(page.footprints), { stroke: false, fillColor: "#30403f", fillOpacity: 0.13 });
  const roads = [
    [page.lines.minor, { color: "#ffffff", weight: 1.4, opacity: 0.75 }],
    [page.lines.major, { color: "#ffffff", weight: 3.4, opacity: 0.95 }],
    [page.lines.rail, { color: "#7b8585", weight: 1.6, opacity: 0.9, dashArray: "7 4" }],
  ];
  roads.forEach(([lines, style]) => lines.length && stroke(lines.map(line), style).addTo(ground));
  const footprints = () => {
    if (!ground.footprints) return;
    const wanted = map.getZoom() >= 15;
    if (wanted !== ground.hasLayer(ground.footprints)) ground[wanted ? "addLayer" : "removeLayer"](ground.footprints);
  };

  // Borders, what must be decided, the chosen grid
  communities.shape.forEach((parts) =>
    shape("border", polygon(parts), { color: "#37494c", weight: 1.8, opacity: 0.85, fill: false }).addTo(map));
  const decisions = L.layerGroup().addTo(map);
  grids.decision.forEach((decision, i) => {
    if (decision === "decide")
      shape("decide", polygon(grids.shape[i]), { color: page.outline, weight: 2.2, fill: false, dashArray: "5 3" }).addTo(decisions);
  });
  const chosen = L.layerGroup().addTo(map);

  // Services
  const tierInks = ["#2b5d8a", "#7a4b8c", "#2f7d5b", "#a8622a", "#5a5f66"];
  const facilities = L.layerGroup();
  page.facilities.name.forEach((name, i) => {
    const tier = page.facilities.tier[i];
    L.circleMarker(place(page.facilities.x[i], page.facilities.y[i]), {
      pane: "points", renderer: drawn.points, interactive: false, radius: 4.5,
      color: "#ffffff", weight: 1.5, fillColor: tierInks[tier % tierInks.length], fillOpacity: 1,
    }).addTo(facilities);
  });

  // Names: communities while the map is small, grids once there is room for them
  const names = new GridoptLabels((metres) => {
    if (!state.labels) return [];
    const listed = [];
    const typical = median(grids.side) / metres, large = typical > 46;
    const community = communities.name.map((name, i) => ({
      at: place(communities.x[i], communities.y[i]), lines: [name], px: large ? 12 : 13, weight: 600, ink: "#22343a",
      room: communities.side[i] / metres > 30,
    }));
    const grid = grids.short.map((short, i) => ({
      at: place(grids.x[i], grids.y[i]), ink: "#2e4044", px: 12, weight: 500,
      lines: grids.side[i] / metres > 84 ? [tail(i), grids.amount[i]] : [short],
      room: typical > 26 && grids.side[i] / metres > 22,
    }));
    page.facilities.name.forEach((name, i) => {
      if (state.facilities && metres < 1.6)
        listed.push({ at: offset(place(page.facilities.x[i], page.facilities.y[i]), 11, metres), lines: [name], px: 11, weight: 500,
          ink: tierInks[page.facilities.tier[i] % tierInks.length] });
    });
    return [...(large ? grid : community), ...(large ? listed : []), ...(large ? community : grid)].filter((l) => l.room !== false);
  });
  const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] || 0;
  const offset = ([lat, lng], pixels, metres) => [lat - (pixels * metres) / 111000, lng];
  const tail = (i) => {
    const community = communities.name[grids.owner[i]];
    return grids.name[i].startsWith(community) ? grids.name[i].slice(community.length) || grids.name[i] : grids.name[i];
  };

  // The card
  const choose = (i, fly, point) => {
    state.chosen = i;
    chosen.clearLayers();
    shape("chosen", polygon(grids.shape[i]), { color: "#12343a", weight: 3.4, fillColor: "#ffffff", fillOpacity: 0.18 }).addTo(chosen);
    if (point) L.circleMarker(point, { pane: "chosen", renderer: drawn.chosen, interactive: false, radius: 7, color: "#ffffff",
      weight: 2.5, fillColor: page.outline, fillOpacity: 1 }).addTo(chosen);
    if (fly) map.fitBounds(cells[i].getBounds(), { ...room(true), maxZoom: 17, animate: false });
    showCard(i);
    history.replaceState(null, "", "#" + encodeURIComponent(grids.code[i]));
  };
  const leave = () => {
    state.chosen = -1;
    chosen.clearLayers();
    byId("card").hidden = true;
    history.replaceState(null, "", "#");
  };
  const showCard = (i) => {
    const card = byId("card");
    const close = make("button", "×", "close");
    close.type = "button";
    close.setAttribute("aria-label", page.text.close);
    close.addEventListener("click", leave);
    const title = make("h2", grids.name[i] + " ");
    title.append(make("span", cards.status[i], "chip"));
    const figures = make("div", undefined, "figures");
    const rows = make("dl");
    cards.labels.forEach((said, row) => {
      const value = cards.rows[i][row];
      if (cards.figures.includes(row)) {
        const box = make("div");
        box.append(make("b", value), make("span", said));
        figures.append(box);
      } else if (value) rows.append(make("dt", said), make("dd", value));
    });
    const open = page.findings.by_grid[i].length > 0;
    card.replaceChildren(close, title, make("p", grids.code[i], "code"), figures, ...(open ? unmet(i) : []), make("hr"), rows,
      ...staff(i), ...services(i), ...(open ? [] : unmet(i)));
    card.hidden = false;
    card.scrollTop = 0;
  };
  const pairs = (said, listed) => {
    if (!listed.length) return [];
    const rows = make("dl", undefined, "pairs");
    listed.forEach(([name, value]) => rows.append(make("dt", name), make("dd", value)));
    return [make("h3", said), rows];
  };
  const staff = (i) => pairs(cards.posts_label, cards.posts[i]);
  const services = (i) => {
    const places = page.reach.places;
    return pairs(page.reach.label, places[grids.code[i]] || []);
  };
  const unmet = (i) => {
    const listed = page.findings.by_grid[i].map((row) => page.findings.rows[row]);
    const parts = [make("h3", cards.unmet_label)];
    if (!listed.length) parts.push(make("p", page.text.nothing_unmet, "fine"));
    listed.forEach((row) => {
      const box = make("div", undefined, "finding " + row.class);
      const head = make("div", row.rule + " ");
      head.append(make("span", row.said, "chip " + row.class));
      box.append(head);
      [row.against, row.reason, row.remedy].filter(Boolean).forEach((text) => box.append(make("p", text)));
      parts.push(box);
    });
    return parts;
  };

  // Search
  const search = new GridoptSearch(page), field = byId("search"), hits = byId("hits");
  const go = {
    grid: (hit) => choose(hit.grid, true),
    community: (hit) => zoomTo(cells.filter((_, i) => grids.owner[i] === hit.community)),
    building: (hit) => choose(page.buildings.grid[hit.building], true, place(page.buildings.x[hit.building], page.buildings.y[hit.building])),
    estate: (hit) => {
      const held = [...new Set(search.members[hit.estate].map((b) => page.buildings.grid[b]))];
      if (held.length === 1) choose(held[0], true);
      else zoomTo(held.map((i) => cells[i]));
    },
  };
  const said = {
    grid: (hit) => [grids.name[hit.grid], grids.code[hit.grid]],
    community: (hit) => [communities.name[hit.community], page.text.community],
    estate: (hit) => [page.buildings.estates[hit.estate], search.members[hit.estate].length + page.text.building_tail],
    building: (hit) => [
      page.buildings.estates[page.buildings.estate[hit.building]] + " " + page.buildings.number[hit.building],
      grids.name[page.buildings.grid[hit.building]],
    ],
  };
  const zoomTo = (layers) => touch() || map.fitBounds(L.featureGroup(layers).getBounds(), { ...room(false), animate: false });
  const look = () => {
    const found = search.find(field.value);
    hits.hidden = !field.value.trim();
    hits.replaceChildren(...found.map((hit) => {
      const [name, more] = said[hit.kind](hit), item = make("li"), button = make("button");
      button.type = "button";
      button.append(make("b", name), make("span", more));
      button.addEventListener("click", () => { hits.hidden = true; field.blur(); go[hit.kind](hit); });
      item.append(button);
      return item;
    }), ...(found.length ? [] : [make("p", page.text.no_hit)]));
  };
  field.addEventListener("input", look);
  field.addEventListener("focus", look);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") hits.querySelector("button")?.click();
    if (event.key === "Escape") { field.value = ""; look(); }
  });
  map.on("click movestart", () => { hits.hidden = true; });
  document.addEventListener("keydown", (event) => event.key === "Escape" && leave());

  // Legend and switches
  const swatch = (style, classes) => {
    const box = make("span", undefined, "swatch " + (classes || ""));
    Object.assign(box.style, style);
    return box;
  };
  const key = (box, text, tailText) => {
    const item = make("li", undefined, "key");
    item.append(box, make("span", text));
    if (tailText) item.append(make("span", tailText, "tail"));
    return item;
  };
  const legend = () => {
    const keys = [];
    if (state.view !== "community") {
      const column = state.view === "size" ? grids.size : grids.decision;
      page.views[state.view].forEach(([name, colour, text]) =>
        keys.push(key(swatch({ background: colour }), text, column.filter((one) => one === name).length)));
    } else
      communities.name.forEach((name, i) => {
        const item = make("li"), button = make("button");
        button.type = "button";
        button.append(swatch({ background: communities.colour[i] }), make("span", name), make("span", communities.n[i], "tail"));
        button.addEventListener("click", () => go.community({ community: i }));
        item.append(button);
        keys.push(item);
      });
    const more = [make("li", undefined, "rule")];
    if (state.view !== "decision" && grids.decision.includes("decide"))
      more.push(key(swatch({ border: `2px dashed ${page.outline}` }), page.text.decide_outline, grids.decision.filter((d) => d === "decide").length));
    more.push(key(swatch({ height: "0", borderTop: "2px solid #37494c" }), page.text.community_border));
    if (state.facilities)
      page.facilities.tiers.forEach((tier, i) => more.push(key(swatch({ background: tierInks[i % tierInks.length] }, "dot"), tier || page.text.show_facilities)));
    const fixed = state.view === "community" ? [...more.slice(1), make("li", undefined, "rule"), ...keys] : [...keys, ...more];
    byId("keys").replaceChildren(...fixed);
    byId("note").textContent = state.view === "community" ? page.text.shade_note : page.text.offline_note;
  };
  const showView = (view) => {
    state.view = view;
    [...byId("views").children].forEach((button) => button.setAttribute("aria-checked", String(button.dataset.view === view)));
    paint();
    legend();
  };
  ["community", "size", "decision"].forEach((view) => {
    const button = make("button", page.text["by_" + view]);
    button.type = "button";
    button.dataset.view = view;
    button.setAttribute("role", "radio");
    button.addEventListener("click", () => showView(view));
    byId("views").append(button);
  });
  const switchOf = (name, text, layer) => {
    const row = make("label"), box = make("input");
    box.type = "checkbox";
    box.checked = state[name];
    const follow = () => {
      state[name] = box.checked;
      if (layer) map[box.checked ? "addLayer" : "removeLayer"](layer);
      names.draw();
      legend();
    };
    box.addEventListener("change", follow);
    row.append(box, make("span", text));
    byId("switches").append(row);
    if (layer && box.checked) layer.addTo(map);
  };

  // Room for the panel beside (or, on a phone, above) what is shown, and for the card
  const room = (card) => {
    const panel = byId("panel").getBoundingClientRect(), size = map.getSize();
    return phone()
      ? { paddingTopLeft: [10, Math.min(panel.bottom, size.y * 0.45) + 8], paddingBottomRight: [10, card ? size.y * 0.5 : 46] }
      : { paddingTopLeft: [panel.right + 20, 24], paddingBottomRight: [card ? 360 : 30, 30] };
  };
  const fit = () => map.fitBounds(whole, { ...room(false), animate: false });
  // A window that changes size keeps showing the whole city until someone moves the map.
  let untouched = true;
  const touch = () => { untouched = false; };
  map.on("dragstart click", touch);
  map.getContainer().addEventListener("wheel", touch, { passive: true });
  map.on("resize", () => untouched && state.chosen < 0 && fit());

  byId("title").textContent = page.title;
  byId("status").textContent = page.status;
  byId("counts").textContent = page.counts;
  field.placeholder = page.text.search;
  field.setAttribute("aria-label", page.text.search);
  document.querySelectorAll("[data-text]").forEach((element) => { element.textContent = page.text[element.dataset.text]; });
  byId("reset").textContent = page.text.reset;
  byId("reset").addEventListener("click", fit);
  byId("legend").open = !phone();
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  fit();
  map.on("zoomend", footprints);
  names.addTo(map);
  switchOf("labels", page.text.show_labels);
  switchOf("ground", page.text.show_ground, ground);
  if (page.facilities.name.length) switchOf("facilities", page.text.show_facilities, facilities);
  showView("community");
  footprints();
  const asked = grids.code.indexOf(decodeURIComponent(location.hash.slice(1)));
  if (asked >= 0) choose(asked, true);
  document.body.dataset.grids = cells.length;
  document.body.dataset.ready = "yes";
});
