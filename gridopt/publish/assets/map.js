"use strict";
// Every value of the plan is shown through textContent or a canvas; nothing here builds HTML from text.
// The words of the page are painted first; the map, which takes longer, is drawn a moment later.
document.addEventListener("DOMContentLoaded", () => {
  const page = new GridoptPage(JSON.parse(document.getElementById("gridopt-data").textContent), map_gridopt);
  page.tell();
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    performance.mark("gridopt-drawing");
    drawMap(page);
  };
  // Once the words are on the screen; a page that nobody looks at paints nothing and is drawn all the same.
  const painted = (list) => list.getEntriesByName("first-contentful-paint").length > 0;
  new PerformanceObserver((list) => painted(list) && begin()).observe({ type: "paint", buffered: true });
  setTimeout(begin, 2000);
});

const drawMap = (page) => {
  const { map, grids, communities } = page, { byId } = page;
  const views = new GridoptViews(page), layers = new GridoptLayers(page);
  const state = { chosen: -1, labels: true, ground: true, decisions: true, facilities: page.facilities.name.length > 0, posts: false, beyond: false };

  // Grids
  const cells = grids.shape.map((_, i) => layers.shape("fill", page.outline("grid", i), { color: "#ffffff", weight: 1, opacity: 0.95, fillOpacity: 1, fillColor: grids.fill[i] })
    .on("click", () => choose(i, false)));
  const overview = L.featureGroup(cells);
  overview.bindTooltip((cell) => page.make("span", `${grids.name[cells.indexOf(cell)]} · ${views.value("grid", cells.indexOf(cell)) || grids.amount[cells.indexOf(cell)]}`),
    { sticky: true, className: "tip", opacity: 1 });
  const paint = () => cells.forEach((cell, i) => cell.setStyle({ fillColor: views.fill("grid", i) }));

  // The chosen grid
  const chosen = L.layerGroup().addTo(map);
  const leave = () => {
    state.chosen = -1;
    chosen.clearLayers();
    card.hide();
    history.replaceState(null, "", "#");
  };
  const card = new GridoptCard(page, leave);
  const choose = (i, fly, point) => {
    state.chosen = i;
    chosen.clearLayers();
    layers.shape("chosen", page.outline("grid", i), { color: "#12343a", weight: 3.4, fillColor: "#ffffff", fillOpacity: 0.18 }).addTo(chosen);
    if (point) layers.dot("chosen", point, { radius: 7, color: "#ffffff", weight: 2.5, fillColor: page.outlineColour, fillOpacity: 1 }).addTo(chosen);
    if (fly) map.fitBounds(page.bounds("grid", i), { ...room(true), maxZoom: 17, animate: false });
    card.show(i);
    history.replaceState(null, "", "#" + encodeURIComponent(grids.id[i]));
  };

  // Names: the places that have a hue each while the map is small, communities and grids once there is room for them
  const typical = (sides) => [...sides].sort((a, b) => a - b)[Math.floor(sides.length / 2)] || 0;
  const typicalSide = typical(grids.side), communitySide = typical(communities.side);
  const offset = ([lat, lng], pixels, metres) => [lat - (pixels * metres) / 111000, lng];
  const names = new GridoptLabels((metres) => {
    if (!state.labels) return [];
    if (present.on) return present.labels(metres);
    const across = typicalSide / metres, far = page.hued !== "community" && communitySide / metres < 56;
    const level = far ? page.hued : "community", places = page.places[level];
    const named = places.name.map((name, i) => ({
      at: page.at(level, i), lines: [name], px: far ? 14 : 13, weight: 650, ink: "#1c2d33", halo: 4, shift: 18,
      room: places.side[i] / metres > 30,
    }));
    const grid = across > 26 ? grids.short.map((short, i) => {
      const side = grids.side[i] / metres;
      return {
        at: page.at("grid", i), ink: "#2e4044", px: 12, weight: 500, badge: badge(i), shift: Math.min(side / 4, 22),
        lines: side > 84 ? [page.tail(i), views.value("grid", i) || grids.amount[i]] : [short], shorter: [short], room: side > 22,
      };
    }) : [];
    const services = state.facilities && metres < 1.6 ? page.facilities.name.map((name, i) => ({
      at: offset(page.place(page.facilities.x[i], page.facilities.y[i]), 11, metres), lines: [name], px: 11, weight: 500,
      ink: layers.tierInk(page.facilities.tier[i]),
    })) : [];
    return [...named, ...grid, ...services].filter((label) => label.room !== false);
  }, () => (state.facilities && map.hasLayer(layers.facilities) ? layers.facilities.getLayers().map((dot) => dot.getLatLng()) : []));
  const badge = (i) => state.posts && { text: String(page.staffed.posts[i]), ink: page.staffed.vacant[i] ? page.outlineColour : "#3c6f52" };

  const SPECK = 16; // pixels across
  let fine = true;
  const followScale = () => {
    if (fine === typicalSide / names.metresPerPixel() > SPECK) return;
    fine = !fine;
    overview.setStyle({ weight: fine ? 1 : 0.2 });
    layers.showFine(fine);
  };

  // Presentation
  const present = new GridoptPresent(page, views, layers, card);
  const onStage = () => {
    leave();
    [overview, layers.borders, layers.decisions].forEach((layer) => layer.remove());
  };
  const offStage = () => {
    present.leave();
    overview.addTo(map);
    layers.borders.addTo(map);
    [["decisions", layers.decisions], ["facilities", layers.facilities]].forEach(([name, layer]) =>
      map[state[name] ? "addLayer" : "removeLayer"](layer));
    history.replaceState(null, "", "#");
    fit();
  };
  byId("present").textContent = page.text.present;
  byId("present").addEventListener("click", () => { onStage(); present.enter("city", 0); });
  byId("stage-leave").addEventListener("click", offStage);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") present.on ? offStage() : leave();
    if (event.key.toLowerCase() === "p" && !event.ctrlKey && !event.metaKey && event.target.tagName !== "INPUT" && !present.on) byId("present").click();
  });

  // Legend and switches
  const legend = () => {
    const keys = views.now.levels ? views.keys("grid", grids.id.map((_, i) => i)) : places();
    const more = [];
    if (state.decisions && page.decided.length)
      more.push(views.key(page.swatch({ border: `2px dashed ${page.outlineColour}` }), page.text.decide_outline, page.decided.length));
    more.push(views.key(page.swatch({ height: "0", borderTop: "2px solid #37494c" }), page.text.community_border));
    if (state.facilities)
      page.facilities.tiers.forEach((tier, i) => more.push(views.key(page.swatch({ background: layers.tierInk(i) }, "dot"), tier || page.text.show_facilities)));
    if (state.posts) {
      more.push(views.key(page.swatch({ background: "#3c6f52" }, "dot"), page.text.posts_held));
      if (page.staffed.vacant.some(Boolean)) more.push(views.key(page.swatch({ background: page.outlineColour }, "dot"), page.text.posts_vacant));
    }
    const rule = page.make("li", undefined, "rule");
    byId("keys").replaceChildren(...(views.now.levels ? [...keys, rule, ...more] : [...more, rule, ...keys]));
    byId("note").textContent = views.now.levels ? page.text.offline_note : page.text.shade_note;
  };
  // The places that have a hue each: communities, or those above them where they are too many to read
  const places = () => {
    const level = page.hued, { name: called, strong } = page.places[level];
    return called.map((name, i) => {
      const item = page.make("li"), button = page.button(undefined, undefined, () => zoomTo(level, i));
      button.append(page.swatch({ background: strong[i] }), page.make("span", name), page.make("span", page.inside(level, i).length, "tail"));
      item.append(button);
      return item;
    });
  };
  const follow = () => {
    const tier = page.facilities.tier_ids.indexOf(views.now.tier);
    layers.showBeyond(tier >= 0 ? tier : state.beyond ? "all" : "");
    layers.followZoom();
    names.draw();
    if (present.on) return;
    paint();
    legend();
  };
  const switchOf = (name, text, layer) => {
    const row = page.make("label"), box = page.make("input");
    box.type = "checkbox";
    box.checked = state[name];
    const turn = () => {
      state[name] = box.checked;
      if (layer) map[box.checked ? "addLayer" : "removeLayer"](layer);
      follow();
    };
    box.addEventListener("change", turn);
    row.append(box, page.make("span", text));
    byId("switches").append(row);
    if (layer && box.checked) layer.addTo(map);
  };

  // Room for the panel beside (or, on a phone, above) what is shown, and for the card
  const room = (withCard) => {
    const panel = byId("panel").getBoundingClientRect(), size = map.getSize();
    if (document.body.classList.contains("paper")) return { paddingTopLeft: [16, 16], paddingBottomRight: [16, 16] };
    return page.isPhone()
      ? { paddingTopLeft: [10, Math.min(panel.bottom, size.y * 0.45) + 8], paddingBottomRight: [10, withCard ? size.y * 0.5 : 46] }
      : { paddingTopLeft: [panel.right + 20, 24], paddingBottomRight: [withCard ? 360 : 30, 30] };
  };
  const fit = () => (present.on ? present.fit() : map.fitBounds(page.whole, { ...room(false), animate: false }));
  const zoomTo = (level, i) => touch() || map.fitBounds(page.bounds(level, i), { ...room(false), animate: false });
  // A window that changes size keeps showing the whole city until someone moves the map.
  let untouched = true;
  const touch = () => { untouched = false; };
  map.on("dragstart click", touch);
  map.getContainer().addEventListener("wheel", touch, { passive: true });
  map.on("resize", () => (present.on || (untouched && state.chosen < 0)) && fit());

  new GridoptFinder(page, {
    grid: (i) => choose(i, true),
    community: (i) => zoomTo("community", i),
    building: (b) => choose(page.buildings.grid[b], true, page.at("building", b)),
    estate: (held) => (held.length === 1 ? choose(held[0], true) : touch() || map.fitBounds(
      held.map((i) => page.bounds("grid", i)).reduce((all, one) => all.extend(one), L.latLngBounds([])), { ...room(false), animate: false })),
  });
  const paper = new GridoptPrint(page, fit);

  byId("reset").addEventListener("click", fit);
  byId("legend").open = !page.isPhone();
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  fit(); // before anything is on the map, so that nothing is drawn twice
  overview.addTo(map);
  map.on("zoomend", () => layers.followZoom());
  names.addTo(map);
  followScale();
  map.on("zoomend", followScale);
  layers.borders.addTo(map);
  layers.beyond.addTo(map);
  switchOf("labels", page.text.show_labels);
  switchOf("ground", page.text.show_ground, layers.ground);
  if (page.decided.length) switchOf("decisions", page.text.show_decisions, layers.decisions);
  if (page.facilities.name.length) switchOf("facilities", page.text.show_facilities, layers.facilities);
  if (page.staffed.posts.length) switchOf("posts", page.text.show_posts);
  if (page.beyond.tier.length) switchOf("beyond", page.text.show_beyond);
  views.offer(byId("view"));
  views.onChange(follow);

  // An address may ask for a grid (#code) or for a place in presentation (#present=level:id&view=measure),
  // laid out as on paper (&paper)
  const address = location.hash.slice(1), asked = new URLSearchParams(address);
  views.show(asked.get("view") || "community");
  if (asked.has("present")) {
    const [level, ...id] = asked.get("present").split(":"), i = present.find(level, decodeURIComponent(id.join(":")));
    if (i >= 0) { onStage(); present.enter(level, i); }
  } else if (!asked.has("view")) {
    const i = grids.id.indexOf(decodeURIComponent(address));
    if (i >= 0) choose(i, true);
  }
  if (asked.has("paper")) paper.lay(true);
  document.body.dataset.grids = cells.length;
  document.body.dataset.ready = "yes";
};
