// One stop at a time: forward, something is computed; backward, its gradient is. All text is set as text.
const data = JSON.parse(document.getElementById("data").textContent);
const by = id => document.getElementById(id);
const nodes = data.nodes, stops = data.stops, forward = stops.forward, live = data.why === "";
const program = new Program(data.program, FUNCTIONS);
const say = (text, ...parts) => parts.reduce((s, p) => s.replace("{}", () => p), (data.words || {})[text] || text);
let order = "topological", now = 0, hand = 0, timer = null, descent = null, scale = 1;
const chosen = { node: null, entry: 0 }, visited = [], trace = [];

const backward = () => stops[order];
const count = () => forward.length + backward().length;
const stop = (k = now) => k < forward.length ? forward[k] : backward()[k - forward.length];
const isBack = (k = now) => k >= forward.length;
const loss = () => program.value(nodes[data.loss].v)[0];

// -- numbers -----------------------------------------------------------------------------------------------------
const minus = text => String(text).replaceAll("-", "−");
const short = v => Number.isFinite(v) ? minus(Number(v.toPrecision(4))) : minus(v);
const long = v => Number.isFinite(v) ? minus(Number(v.toPrecision(8))) : minus(v);
function inside(v) {  // what fits into a cell
  if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v > 0 ? "∞" : "−∞";
  const text = String(Number(v.toPrecision(3)));
  return minus(text.length > 7 ? v.toExponential(0) : text);
}
const norm = array => Math.sqrt(array.reduce((s, v) => s + v * v, 0));
const shapeOf = place => program.nodes[place].shape;
const widthOf = shape => shape.length ? shape[shape.length - 1] : 1;
function indexOf(shape, flat) {
  const found = [];
  for (let k = shape.length - 1; k >= 0; k--) { found.unshift(flat % shape[k]); flat = Math.floor(flat / shape[k]); }
  return found;
}
function make(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// -- equations ---------------------------------------------------------------------------------------------------
const SIGNS = { "": "", "δ": "δ", "ℓ": "∂ℓ/∂" };
const plain = eq => eq.map(s => typeof s === "string" ? s : SIGNS[s[3]] + s[0] + (s[1] ? "_" + s[1] : "")).join("");

/** An equation whose symbols are buttons; the first one is marked if it is what is at hand. */
function formula(eq, here) {
  const box = make("span", "formula");
  for (const [k, part] of eq.entries()) {
    if (typeof part === "string") { box.append(part); continue; }
    const [text, below, node, mark] = part, after = node === null && mark === "δ" && /^\d+$/.test(below.split(",").pop());
    const e = make(node === null ? "span" : "button", after ? "absent" : node === null ? "" : node === here && k === 0 ? "term here" : "term");
    e.append(SIGNS[mark] + text);
    if (below) e.append(make("sub", "", below));
    if (after) e.title = say("0: there is no later step");
    if (node !== null) { e.type = "button"; e.onclick = event => { event.stopPropagation(); follow(node, mark); }; }
    box.append(e);
  }
  return box;
}

/** Go to where a symbol of an equation is computed, or its gradient. */
function follow(node, mark) {
  const back = mark === "δ";
  const there = back ? null : placeOf(forward, node), to = back ? placeOf(backward(), node) : there;
  if (to === null) { choose(node, 0); return; }
  visited.push([now, hand]);
  show(to[0] + (back ? forward.length : 0), to[1]);
}
function placeOf(list, node) {
  for (let k = 0; k < list.length; k++) {
    const i = list[k].items.findIndex(item => item.node === node);
    if (i >= 0) return [k, i];
  }
  return null;
}

// -- arrays ------------------------------------------------------------------------------------------------------
const MOST = 32;  // rows and columns that are shown
let maps = [];  // of what is shown: functions that draw it again

/** A heat map: red above zero, blue below; numbers where there is room, and under the pointer. An entry of what can be
 *  edited is chosen by a click and changed by dragging. */
function heatmap(place, title, node, quiet = false) {
  const shape = shapeOf(place), all = widthOf(shape), total = program.value(place).length;
  const wide = Math.min(all, MOST), high = Math.min(all ? total / all : 0, MOST);
  const room = by("panel").clientWidth - 40;
  const cell = Math.max(8, Math.min(64, Math.floor(room / Math.max(1, wide)))), tall = cell >= 34 ? 26 : Math.min(cell, 18);
  const box = make("div", "map"), canvas = make("canvas"), read = make("div", "read"), ratio = window.devicePixelRatio || 1;
  canvas.width = wide * cell * ratio; canvas.height = high * tall * ratio;
  canvas.style.width = `${wide * cell}px`;
  canvas.setAttribute("role", "img");
  const editable = node !== null && live && program.source(nodes[node].v, 0) !== null && place === nodes[node].v;
  if (editable) canvas.classList.add("editable");
  const name = typeof title === "string" ? title : plain(title);
  const words = shape.length ? shape.join(" × ") : say("a number");
  const cut = wide * high < total ? say(", the first {} shown", `${high} × ${wide}`) : "";
  const draw = () => {
    const array = program.value(place), pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
    const [plus, less, ink, mark] = ["--plus", "--minus", "--ink", "--now"].map(n => style.getPropertyValue(n));
    const top = array.reduce((m, v) => Math.max(m, Math.abs(v) || 0), 0) || 1;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, canvas.width, canvas.height);
    pen.font = "12px system-ui, sans-serif"; pen.textAlign = "center"; pen.textBaseline = "middle";
    for (let i = 0; i < high; i++) for (let j = 0; j < wide; j++) {
      const v = array[i * all + j], strength = Math.abs(v) / top;
      pen.fillStyle = `rgba(${v < 0 ? less : plus}, ${Number.isFinite(strength) ? .06 + .5 * strength : 1})`;
      pen.fillRect(j * cell, i * tall, cell - 1, tall - 1);
      pen.fillStyle = ink;
      if (cell >= 34) pen.fillText(inside(v), (j + .5) * cell, (i + .5) * tall);
      if (node !== null && chosen.node === node && chosen.entry === i * all + j) {
        pen.strokeStyle = mark; pen.lineWidth = 2;
        pen.strokeRect(j * cell + 1, i * tall + 1, cell - 3, tall - 3);
      }
    }
    const first = Array.from(array.slice(0, 12), short).join(", ");
    const rest = shape.length ? `${words}${cut}; ${say("norm {}", short(norm(array)))}` : words;
    canvas.setAttribute("aria-label", `${name}: ${rest}; ${first}${total > 12 ? ", …" : ""}`);
    if (!read.dataset.over) read.textContent = shape.length ? rest : "";
  };
  const at = e => {
    const j = Math.floor(e.offsetX / cell), i = Math.floor(e.offsetY / tall);
    return i >= 0 && i < high && j >= 0 && j < wide ? i * all + j : null;
  };
  let drag = null;
  canvas.onpointermove = e => {
    if (drag) { edit(node, drag.entry, drag.from + Math.round((e.clientX - drag.x) / 2) * drag.step); return; }
    const k = at(e);
    if (k === null) return;
    read.dataset.over = "1";
    read.textContent = `[${indexOf(shape, k).join(", ")}] = ${long(program.value(place)[k])}`;
  };
  canvas.onpointerleave = () => { delete read.dataset.over; draw(); };
  canvas.onpointerdown = e => {
    const k = at(e);
    if (k === null || node === null) return;
    choose(node, k);
    if (!editable) return;
    const from = program.value(place)[k];
    drag = { entry: k, x: e.clientX, from, step: Math.max(.01, 10 ** Math.floor(Math.log10(Math.abs(from) || 1) - 1) / 2) };
    canvas.setPointerCapture(e.pointerId);
  };
  canvas.onpointerup = canvas.onpointercancel = () => { drag = null; };
  draw();
  maps.push(draw);
  const head = make("h3");
  head.append(typeof title === "string" ? title : formula(title, -1));
  box.append(...(quiet ? [] : [head]), canvas, read);
  return box;
}

// -- one stop ----------------------------------------------------------------------------------------------------
function show(to, item = 0) {
  now = Math.max(0, Math.min(count() - 1, to));
  hand = Math.min(item, stop().items.length - 1);
  describe();
  colour();
  by("place").max = count() - 1; by("place").value = now;
  by("place").setAttribute("aria-valuetext", by("said").textContent);
  by("count").textContent = `${now + 1} / ${count()}`;
  by("return").disabled = visited.length === 0;
  const t = stop().t;
  if (t !== undefined) by("time").value = t;
  by("clock").textContent = t === undefined ? "" : ` t = ${t}`;
  chart(t);
  document.documentElement.dataset.step = now;
  look(stop().items[hand].node);
}

function describe() {
  const { items, t } = stop(), about = by("about"), when = t === undefined ? "" : `t = ${t}: `;
  maps = [];
  about.replaceChildren();
  const names = items.map(i => nodes[i.node].label).join(", ");
  by("said").textContent = isBack() ? say("backward, {}the gradient of {}", when, names)
    : items[0].eq.length && nodes[items[0].node].op && items.length === 1 && stops["depth-first"]
      ? say("forward, {}{} computes {}", when, nodes[items[0].node].op, names) : say("forward, {}{}", when, names);
  items.forEach((item, k) => {
    const box = make("div", items.length > 1 ? k === hand ? "item hand" : "item" : "item only"), head = make("h2");
    head.append(formula(item.eq, item.node));
    box.append(head);
    if (items.length > 1) box.onclick = () => { if (hand !== k) { hand = k; describe(); colour(); } };
    if (isBack()) gradientOf(item, box, k === hand); else valueOf(item, box, k === hand);
    about.append(box);
  });
}

const symbolOf = (node, mark) => [[nodes[node].label, "", node, mark]];
const leftOf = (item, mark) => typeof item.eq[0] === "string" ? symbolOf(item.node, mark) : [item.eq[0]];
function valueOf(item, box, whole) {
  box.append(heatmap(nodes[item.node].v, leftOf(item, ""), item.node, true));
  if (whole) operands(item, box);
}

/** What an equation reads: values, and gradients where it says δ. */
function operands(item, box) {
  const seen = new Set([`${item.node}${isBack() ? "δ" : ""}`]);
  for (const part of item.eq) {
    if (typeof part === "string" || part[2] === null) continue;
    const [, , node, mark] = part, key = node + mark;
    if (seen.has(key) || mark === "ℓ") continue;
    seen.add(key);
    const place = mark === "" ? nodes[node].v : nodes[node].g;
    if (place !== undefined) box.append(heatmap(place, [part], mark === "" ? node : null));
  }
  if (!item.eq.some(part => typeof part !== "string" && part[2] !== item.node))
    for (const k of new Set(nodes[item.node].in)) box.append(heatmap(nodes[k].v, symbolOf(k, ""), k));
}

function gradientOf(item, box, whole) {
  if (item.complete === false) box.append(make("p", "wrong",
    say("Not complete: other nodes that read it have not passed their gradient back yet. What comes later is lost.")));
  if (item.complete !== undefined && differs(item)) box.append(make("p", "wrong",
    say("Wrong: the right gradient has norm {}.", short(norm(program.value(nodes[item.node].g))))));
  box.append(heatmap(item.g, leftOf(item, "δ"), item.parts ? item.node : null, true));
  if (!whole) return;
  for (const pass of item.passes || []) {
    const one = make("div", "sum" in pass ? "pass sum" : "pass");
    one.append(formula(pass.rule, -1));
    if ("partial" in pass) one.append(heatmap(pass.partial, say("local derivative"), null));
    one.append(heatmap(pass.g, say("what goes to {}", nodes[pass.to].label), null));
    if ("sum" in pass) one.append(heatmap(pass.sum, [say("added up so far: "), ...symbolOf(pass.to, "δ")], null));
    if (pass.complete) one.append(make("div", "read", say("δ{} is complete", nodes[pass.to].label)));
    box.append(one);
  }
  if ("own" in item) box.append(heatmap(item.own, say("from the loss of this step itself, ∂ℓ/∂{}", nodes[item.node].label), null));
  for (const line of item.why || []) box.append(make("p", "read", line));
  if (item.parts) {
    const sum = make("p", "sum"), write = () => { sum.textContent = writtenOut(item); };
    write(); maps.push(write);
    box.append(sum);
    for (const [t, place] of item.parts) box.append(heatmap(place, say("what step {} adds", `t = ${t}`), null));
    operands(item, box);
  } else if (!item.passes) operands(item, box);
}

/** One entry of a weight's gradient with every number that it is the sum of. */
function writtenOut(item) {
  const shape = shapeOf(item.g), entry = chosen.node === item.node ? chosen.entry : 0, [i, j] = indexOf(shape, entry);
  const name = `δ${nodes[item.node].label}[${indexOf(shape, entry).join(", ")}]`, total = program.value(item.g)[entry];
  const terms = [];
  for (const [, ...factors] of item.factors || []) {
    const arrays = factors.map(k => [program.value(nodes[k].g !== undefined && k === factors[0] ? nodes[k].g : nodes[k].v), widthOf(shapeOf(nodes[k].v))]);
    const rows = arrays[0][0].length / arrays[0][1];
    for (let b = 0; b < rows; b++) terms.push(arrays.map(([a, w], f) => short(a[b * w + (f ? j : i)]))
      .map((v, f) => f && v.startsWith("−") ? `(${v})` : v).join(" · "));
  }
  const parts = item.parts.map(([t, place]) => `${short(program.value(place)[entry])}`);
  const sum = list => list.slice(0, 12).join(" + ").replaceAll("+ −", "− ") + (list.length > 12 ? " + …" : "");
  return [name, ...(terms.length ? [sum(terms)] : []), ...(parts.length > 1 || !terms.length ? [sum(parts)] : []), long(total)]
    .join(" = ");
}

function differs(item) {
  const right = nodes[item.node].g;
  if (right === undefined || right === item.g) return false;
  const a = program.value(right), b = program.value(item.g), top = Math.max(...a.map(Math.abs), 1e-300);
  return a.some((v, i) => Math.abs(v - b[i]) > 1e-9 * top);
}

// -- the drawing -------------------------------------------------------------------------------------------------
const picture = document.querySelector("#drawing > svg"), elements = new Map();
nodes.forEach((n, k) => n.ids.forEach(id => {
  const g = document.getElementById(id);
  if (g) elements.set(id, { g, nodes: [...(elements.get(id) || { nodes: [] }).nodes, k] });
}));
const edgeGroups = [...document.querySelectorAll("#drawing g.edge")];
const staged = new Set(forward.flatMap(s => s.items.map(i => i.node)));
for (const { g, nodes: mine } of elements.values()) {
  g.style.cursor = "pointer";
  g.addEventListener("click", () => {
    const list = isBack() ? backward() : forward, found = mine.map(k => placeOf(list, k)).filter(p => p).pop();
    if (found) { visited.push([now, hand]); show(found[0] + (isBack() ? forward.length : 0), found[1]); }
    else choose(mine[0], 0);
  });
}

// Dim what is not computed yet; frame what is at hand, what it reads, and backward what has its gradient.
function colour() {
  const goesBack = isBack(), { items } = stop();
  const done = new Set(forward.slice(0, goesBack ? forward.length : now + 1).flatMap(s => s.items.map(i => i.node)));
  const graded = new Map();
  if (goesBack) for (const s of backward().slice(0, now - forward.length + 1)) for (const i of s.items) graded.set(i.node, i);
  const mine = new Set(items.map(i => i.node)), read = new Set(), item = items[hand];
  if (item.passes) item.passes.forEach(p => read.add(p.to));
  else if (!goesBack && nodes[item.node].in.every(shown)) nodes[item.node].in.forEach(k => read.add(k));
  else for (const part of item.eq) {
    if (typeof part === "string" || part[2] === null || part[2] === item.node) continue;
    if (!goesBack || part[3] === "δ") read.add(part[2]);
  }
  const on = (set, list) => list.some(k => set.has(k));
  for (const { g, nodes: list } of elements.values()) {
    const waits = list.filter(k => staged.has(k));
    g.classList.toggle("waiting", waits.length > 0 && !on(done, waits));
    g.classList.toggle("now", on(mine, list));
    g.classList.toggle("hand", list.includes(item.node));
    g.classList.toggle("operand", on(read, list));
    g.classList.toggle("graded", list.some(k => graded.has(k)));
    g.classList.toggle("wrong", list.some(k => graded.has(k) && (graded.get(k).complete === false || differs(graded.get(k)))));
  }
  const ids = set => new Set([...set].flatMap(k => nodes[k].ids));
  const here = ids(new Set([item.node])), there = ids(read), from = goesBack && !item.passes ? here : there;
  const used = between(from, goesBack && !item.passes ? there : here);
  data.edges.forEach((edge, k) => {
    if (!edgeGroups[k]) return;
    edgeGroups[k].classList.toggle("now", used.has(edge));
    turn(edgeGroups[k], used.has(edge) && goesBack);
  });
}

const shown = k => staged.has(k) || nodes[k].op === "";
const passing = id => !elements.has(id) || !elements.get(id).nodes.some(shown);
/** The edges on the ways from some ids to others through what is no stop in itself. */
function between(from, to) {
  const ahead = new Set(from), behind = new Set(to);
  for (let pass = 0; pass < 4; pass++) for (const [a, b] of data.edges) {
    if (ahead.has(a) && passing(b)) ahead.add(b);
    if (behind.has(b) && passing(a)) behind.add(a);
  }
  return new Set(data.edges.filter(([a, b]) => ahead.has(a) && behind.has(b)));
}

/** Put an edge's arrow at its other end, or back. */
function turn(group, back) {
  const old = group.querySelector(".turned");
  if (!back) { if (old) old.remove(); group.classList.remove("back"); return; }
  if (old) return;
  group.classList.add("back");
  const path = group.querySelector("path"), p = path.getPointAtLength(0), q = path.getPointAtLength(Math.min(9, path.getTotalLength()));
  const d = Math.hypot(q.x - p.x, q.y - p.y) || 1, [u, v] = [(q.x - p.x) / d, (q.y - p.y) / d];
  const tip = svg("polygon", { class: "turned", points: `${p.x},${p.y} ${p.x + 9 * u - 3.5 * v},${p.y + 9 * v + 3.5 * u} ${p.x + 9 * u + 3.5 * v},${p.y + 9 * v - 3.5 * u}` });
  group.append(tip);
}

// Bring a node to the middle of the drawing.
function look(node) {
  const found = nodes[node].ids.map(id => elements.get(id)).find(e => e), box = by("drawing");
  if (!found) return;
  const r = found.g.getBoundingClientRect(), b = box.getBoundingClientRect();
  const out = r.left < b.left + 30 || r.right > b.right - 30 || r.top < b.top + 30 || r.bottom > b.bottom - 30;
  if (out) box.scrollBy(r.left + r.width / 2 - b.left - b.width / 2, r.top + r.height / 2 - b.top - b.height / 2);
}

const [drawnWide, drawnHigh] = ["width", "height"].map(side => Number(picture.getAttribute(side)));
function zoom(to) {
  scale = Math.max(.1, Math.min(8, to));
  picture.setAttribute("width", drawnWide * scale); picture.setAttribute("height", drawnHigh * scale);
}
const fitted = () => Math.min((by("drawing").clientWidth - 20) / drawnWide, (by("drawing").clientHeight - 20) / drawnHigh);

// -- ‖∂L/∂state‖ against t ---------------------------------------------------------------------------------------
function svg(tag, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}
function chart(t) {
  const box = by("chart");
  const states = Object.entries(data.states).map(([name, places]) => [name, places.map(k => [nodes[k].t, norm(program.value(nodes[k].g))])]);
  box.replaceChildren();
  if (!states.length) { box.style.display = "none"; return; }
  const all = states.flatMap(([, pairs]) => pairs), logs = all.map(p => Math.log10(p[1])).filter(Number.isFinite);
  const low = logs.length ? Math.floor(Math.min(...logs)) : 0, high = logs.length ? Math.max(Math.ceil(Math.max(...logs)), low + 1) : 1;
  const last = Math.max(...all.map(p => p[0]), 1);
  const x = s => 34 + 250 * s / last, y = v => 128 - 112 * ((v > 0 ? Math.max(Math.log10(v), low) : low) - low) / (high - low);
  box.append(svg("line", { class: "axis", x1: 30, y1: 130, x2: 300, y2: 130 }), svg("line", { class: "axis", x1: 30, y1: 130, x2: 30, y2: 10 }));
  for (const power of [low, high]) box.append(svg("text", { x: 26, y: y(10 ** power) + 3, "text-anchor": "end" }, minus(`1e${power}`)));
  for (const s of [0, last]) box.append(svg("text", { x: x(s), y: 142, "text-anchor": "middle" }, `t = ${s}`));
  states.forEach(([name, pairs], k) => {
    box.append(svg("polyline", { points: pairs.map(p => `${x(p[0])},${y(p[1])}`).join(" "), "stroke-dasharray": ["none", "5 3", "1 3"][k % 3] }));
    for (const p of pairs) box.append(svg("circle", { cx: x(p[0]), cy: y(p[1]), r: p[0] === t ? 4 : 2, class: p[0] === t ? "here" : "" }));
    const end = pairs[pairs.length - 1];
    box.append(svg("text", { x: x(end[0]) + 6, y: y(end[1]) + 3 }, name));
  });
  const says = states.map(([name, pairs]) => `${name}: ${pairs.map(p => short(p[1])).join(", ")}`).join("; ");
  box.setAttribute("aria-label", `${say("‖∂L/∂state‖ by time step")}; ${says}`);
  by("caption").textContent = say("‖∂L/∂state‖ by time step");
}

// -- changing numbers --------------------------------------------------------------------------------------------
const names = new Map();
nodes.forEach((n, k) => [n.key, n.path, n.name].forEach(name => { if (name && !names.has(name)) names.set(name, k); }));
if (!names.has("L")) names.set("L", data.loss);
const pairs = () => data.learned.map(k => [nodes[k].v, nodes[k].g]);
const editables = live ? [...names].filter(([name, k]) => name === nodes[k].key && program.source(nodes[k].v, 0)
  && nodes[k].g !== undefined).map(([, k]) => k) : [];

function choose(node, entry) {
  chosen.node = node; chosen.entry = entry;
  by("which").value = node;
  refresh();
}
function refresh() {
  maps.forEach(draw => draw());
  chart(stop().t);
  const { node, entry } = chosen, L = loss();
  by("loss").textContent = `L = ${long(L)}`;
  by("loss").classList.toggle("wrong", !Number.isFinite(L));
  drawTrace();
  if (node === null) return;
  const w = program.value(nodes[node].v), source = live ? program.source(nodes[node].v, entry) : null;
  if (document.activeElement !== by("value")) by("value").value = Number(w[entry].toPrecision(8));
  if (document.activeElement !== by("index")) by("index").value = indexOf(shapeOf(nodes[node].v), entry).join(", ");
  by("value").disabled = source === null;
  const said = nodes[node].g === undefined ? null : program.value(nodes[node].g)[entry];
  by("effect").textContent = said === null ? "" : source === null
    ? say("δ{} = {}", nodes[node].label, long(said))
    : say("the gradient says {}; (L(w + ε) − L(w − ε)) / 2ε = {}", long(said), long(quotient(source)));
}
function quotient([place, i]) {
  const array = program.value(place), w = array[i], e = 1e-5 * Math.max(1, Math.abs(w)), at = v => { program.set(place, i, v); program.update(); return loss(); };
  const high = at(w + e), low = at(w - e);
  at(w);
  return (high - low) / (2 * e);
}
function edit(node, entry, value) {
  const source = program.source(nodes[node].v, entry);
  if (source === null) return;
  program.set(...source, value);
  program.update();
  refresh();
}
function descend(rate) {
  if (!trace.length) trace.push(loss());
  program.descend(pairs(), rate);
  trace.push(loss());
  refresh();
  if (!Number.isFinite(loss())) keepGoing(false);
}
function keepGoing(on) {
  if (descent) clearInterval(descent);
  descent = on ? setInterval(() => descend(Number(by("rate").value)), 80) : null;
  by("descent").textContent = say(on ? "pause" : "keep going");
  by("descent").setAttribute("aria-pressed", on);
}
function drawTrace() {
  const box = by("trace"), shown = trace.slice(-200).filter(Number.isFinite), top = Math.max(...shown), low = Math.min(...shown, 0);
  box.replaceChildren();
  if (shown.length < 2) { box.removeAttribute("aria-label"); return; }
  const points = shown.map((v, k) => `${88 * k / (shown.length - 1) + 1},${22 - 20 * (v - low) / (top - low || 1)}`).join(" ");
  box.append(svg("polyline", { points }));
  box.setAttribute("aria-label", say("L after {} steps down: from {} to {}", trace.length - 1, short(trace[0]), short(trace.at(-1))));
}
function restore() {
  keepGoing(false);
  program.reset();
  trace.length = 0;
  refresh();
}

// -- the scripting handle: names as on the page and as stored; values as nested lists ----------------------------
function nested(place) {
  const build = (values, shape) => shape.length < 2 ? Array.from(values)
    : Array.from({ length: shape[0] }, (_, i) => build(values.subarray(i * values.length / shape[0], (i + 1) * values.length / shape[0]), shape.slice(1)));
  return shapeOf(place).length ? build(program.value(place), shapeOf(place)) : program.value(place)[0];
}
function named(name) {
  if (!names.has(name)) throw new Error(`explorer: there is no ${name}; there are ${[...names.keys()].slice(0, 40).join(", ")}`);
  return names.get(name);
}
window.explorer = {
  names: () => [...names.keys()],
  value: name => nested(nodes[named(name)].v),
  gradient: name => nodes[named(name)].g === undefined ? null : nested(nodes[named(name)].g),
  loss,
  set(name, index, value) {
    const k = named(name), shape = shapeOf(nodes[k].v), list = Array.isArray(index) ? index : shape.length < 2 ? [index] : null;
    const fits = list && list.length === shape.length && list.every((i, a) => Number.isInteger(i) && i >= 0 && i < shape[a]);
    if (!fits && !(shape.length === 0 && [0, undefined, null].includes(index))) throw new Error(`explorer: ${name} is ${shape.join(" × ") || "a number"}; it has no entry ${index}`);
    if (typeof value !== "number") throw new Error(`explorer: the value of ${name} is a number, not ${value}`);
    if (!live) throw new Error(`explorer: this page is a recording: ${data.why}`);
    const flat = shape.reduce((sum, n, a) => sum * n + list[a], 0), source = program.source(nodes[k].v, flat);
    if (source === null) throw new Error(`explorer: ${name} is computed; change what it is computed from`);
    program.set(...source, value);
    program.update();
    refresh();
  },
  descend(rate) {
    if (typeof rate !== "number" || !live) throw new Error(live ? `explorer: the rate is a number, not ${rate}` : `explorer: this page is a recording: ${data.why}`);
    descend(rate);
  },
  reset: restore,
  go(step) {
    if (!Number.isInteger(step) || step < 0 || step >= count()) throw new Error(`explorer: steps are 0 to ${count() - 1}, not ${step}`);
    go(step);
  },
};

// -- controls ----------------------------------------------------------------------------------------------------
function play(on) {
  if (timer) clearInterval(timer);
  timer = on ? setInterval(() => { if (now >= count() - 1) play(false); else show(now + 1); }, 1400) : null;
  by("play").textContent = on ? "❚❚" : "▶";
  by("play").setAttribute("aria-label", say(on ? "pause" : "play"));
  by("play").setAttribute("aria-pressed", on);
}
const go = to => { play(false); show(to); };
by("first").onclick = () => go(0);
by("back").onclick = () => go(now - 1);
by("next").onclick = () => go(now + 1);
by("last").onclick = () => go(count() - 1);
by("play").onclick = () => play(!timer);
by("return").onclick = () => { const [k, i] = visited.pop() || [now, hand]; show(k, i); };
by("place").oninput = e => go(Number(e.target.value));
by("order").onchange = e => { order = e.target.value; go(Math.max(now, forward.length)); };
by("time").oninput = e => {
  const t = Number(e.target.value);
  let to = forward.findIndex(s => s.t === t);
  if (isBack()) to = forward.length + backward().findIndex(s => s.t === t);
  by("clock").textContent = ` t = ${t}`;
  if (to >= 0) go(to);
};
by("find").onchange = e => {
  const wanted = e.target.value.trim(), k = nodes.findIndex(n => [n.key, n.name, n.label, n.path].includes(wanted));
  const ahead = placeOf(forward, k), back = placeOf(backward(), k);
  if (ahead && (!isBack() || !back)) show(...ahead);
  else if (back) show(back[0] + forward.length, back[1]);
  else if (k >= 0) choose(k, 0);
  else by("said").textContent = say("there is no {}", wanted);
};
by("smaller").onclick = () => zoom(scale / 1.25);
by("larger").onclick = () => zoom(scale * 1.25);
by("fit").onclick = () => zoom(fitted());
by("type").onclick = () => {
  const on = document.documentElement.classList.toggle("large");
  by("type").setAttribute("aria-pressed", on);
  show(now, hand);
};
by("full").onclick = () => { if (document.fullscreenElement) document.exitFullscreen(); else document.documentElement.requestFullscreen().catch(() => {}); };
by("which").onchange = e => choose(Number(e.target.value), 0);
by("index").onchange = e => {
  const shape = shapeOf(nodes[chosen.node].v), index = e.target.value.split(/[\s,]+/).filter(s => s).map(Number);
  const fits = index.length === shape.length && index.every((i, a) => Number.isInteger(i) && i >= 0 && i < shape[a]);
  if (fits) chosen.entry = index.reduce((sum, i, a) => sum * shape[a] + i, 0);
  e.target.blur();
  refresh();
  if (!fits) by("effect").textContent = say("{} is {}; it has no such entry", nodes[chosen.node].label, shape.join(" × "));
};
by("value").oninput = e => { if (e.target.value !== "" && chosen.node !== null) edit(chosen.node, chosen.entry, Number(e.target.value)); };
by("down").onclick = () => descend(Number(by("rate").value));
by("descent").onclick = () => keepGoing(!descent);
by("reset").onclick = restore;
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || ["INPUT", "SELECT"].includes(e.target.tagName) && e.target.type !== "range") return;
  const keys = { ArrowLeft: () => go(now - 1), ArrowRight: () => go(now + 1), Home: () => go(0), End: () => go(count() - 1) };
  if (e.key === " " && e.target.tagName !== "BUTTON") { play(!timer); e.preventDefault(); }
  if (keys[e.key]) { keys[e.key](); e.preventDefault(); }
});

for (const e of document.querySelectorAll("[data-word]")) e.textContent = say(e.textContent);
for (const e of document.querySelectorAll("[aria-label], [title]")) for (const a of ["aria-label", "title"])
  if (e.hasAttribute(a) && !e.closest("svg")) e.setAttribute(a, say(e.getAttribute(a)));
for (const name of new Set(nodes.map(n => n.key).filter(n => n))) {
  const option = make("option");
  option.value = name;
  by("names").append(option);
}
for (const k of editables) {
  const option = make("option", "", nodes[k].label);
  option.value = k;
  by("which").append(option);
}
by("time").max = Math.max(0, ...nodes.map(n => n.t || 0));
by("orders").hidden = !stops["depth-first"];
if (live) {
  by("precision").textContent = say(data.single ? "Computed in this page, in double precision (the cell is float32)." : "Computed in this page, in double precision.");
  chosen.node = editables.find(k => nodes[k].role === "parameter" || nodes[k].op) ?? editables[0] ?? null;
} else {
  by("change").hidden = true;
  by("still").hidden = false;
  by("still").textContent = say("A recording, nothing can be changed: {}.", data.why);
}
if (chosen.node !== null) by("which").value = chosen.node;
zoom(fitted() > 1 ? Math.min(2.2, fitted()) : Math.max(.6, Math.min(1, (by("drawing").clientHeight - 20) / drawnHigh)));
show(0);
refresh();
