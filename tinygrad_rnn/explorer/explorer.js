"use strict";
// One step at a time: forward, a node is computed; backward, it passes its gradient on. All text is set as text.
const data = JSON.parse(document.getElementById("data").textContent);
const by = id => document.getElementById(id);
const nodes = data.nodes, forward = data.forward;
const drawn = nodes.map(n => n.ids.map(id => document.getElementById(id)).filter(g => g));
const edgeGroups = [...document.querySelectorAll("#drawing g.edge")];
let order = "topological", now = 0, timer = null;

const backward = () => data.backward[order];
const count = () => forward.length + backward().length;

// -- numbers -----------------------------------------------------------------------------------------------------
const short = v => typeof v === "number" ? String(Number(v.toPrecision(4))).replace("-", "−") : v;
function inside(v) {  // what fits into a cell
  if (typeof v !== "number") return v;
  const text = String(Number(v.toPrecision(3)));
  return (text.length > 6 ? v.toExponential(0) : text).replaceAll("-", "−");
}
const full = v => String(v).replace("-", "−");
function norm(a) {
  if ("norm" in a) return a.norm;
  return Math.sqrt(a.rows.flat().reduce((s, v) => s + v * v, 0));
}
function make(tag, className, text) {
  const e = document.createElement(tag);
  if (className) e.className = className;
  if (text !== undefined) e.textContent = text;
  return e;
}

// A heat map: red above zero, blue below; numbers inside where there is room, and under the pointer.
function heatmap(array, title) {
  const box = make("div"), rows = array.rows, high = rows.length, wide = high ? rows[0].length : 0;
  const cell = Math.max(8, Math.min(46, Math.floor(340 / Math.max(1, wide)))), tall = cell >= 30 ? 24 : Math.min(cell, 18);
  const canvas = make("canvas"), ratio = window.devicePixelRatio || 1, read = make("div", "read");
  canvas.width = wide * cell * ratio; canvas.height = high * tall * ratio;
  canvas.style.width = `${wide * cell}px`;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  const [plus, minus, ink] = ["--plus", "--minus", "--ink"].map(n => style.getPropertyValue(n));
  const top = rows.flat().reduce((m, v) => Math.max(m, Math.abs(v) || 0), 0) || 1;
  pen.scale(ratio, ratio); pen.font = "11px system-ui, sans-serif"; pen.textAlign = "center"; pen.textBaseline = "middle";
  rows.forEach((row, i) => row.forEach((v, j) => {
    const strength = Math.abs(v) / top;
    pen.fillStyle = `rgba(${v < 0 ? minus : plus}, ${Number.isFinite(strength) ? .06 + .6 * strength : 1})`;
    pen.fillRect(j * cell, i * tall, cell - 1, tall - 1);
    if (cell >= 30) {
      pen.fillStyle = ink;
      pen.fillText(inside(v), (j + .5) * cell, (i + .5) * tall);
    }
  }));
  const shape = array.shape.length ? array.shape.join(" × ") : "a number";
  const small = "norm" in array ? `, the first ${high} × ${wide} shown` : "";
  const rest = `${shape}${small}; norm ${short(norm(array))}`;
  read.textContent = rest;
  canvas.setAttribute("role", "img");
  const few = rows.flat().slice(0, 12).map(short).join(", ");
  canvas.setAttribute("aria-label", `${title}: ${rest}; ${few}${rows.flat().length > 12 ? ", …" : ""}`);
  canvas.onpointermove = e => {
    const j = Math.floor(e.offsetX / cell), i = Math.floor(e.offsetY / tall);
    if (i >= 0 && i < high && j >= 0 && j < wide) read.textContent = `[${i}, ${j}] = ${full(rows[i][j])}`;
  };
  canvas.onpointerleave = () => { read.textContent = rest; };
  box.append(make("h3", "", title), canvas, read);
  return box;
}

// -- one step ----------------------------------------------------------------------------------------------------
function show(to) {
  now = Math.max(0, Math.min(count() - 1, to));
  const goesForward = now < forward.length;
  const step = goesForward ? null : backward()[now - forward.length];
  const current = goesForward ? forward[now] : step.node;
  colour(current, step);
  const about = by("about");
  about.replaceChildren();
  if (goesForward) describeForward(nodes[current], about); else describeBackward(nodes[current], step, about);
  by("place").max = count() - 1; by("place").value = now;
  by("count").textContent = `${now + 1} / ${count()}`;
  const t = nodes[current].t;
  if (t !== undefined) { by("time").value = t; by("clock").textContent = ` t = ${t}`; }
  chart(t);
  document.documentElement.dataset.step = now;
  look(current);
}

function describeForward(node, about) {
  by("said").textContent = `forward: ${node.op} computes ${node.label}`;
  by("formula").textContent = node.formula;
  about.append(heatmap(node.value, node.label));
  for (const k of new Set(node.inputs)) about.append(heatmap(nodes[k].value, nodes[k].label));
}

function describeBackward(node, step, about) {
  const last = step.passes.length === 0;
  by("said").textContent = last ? `backward: δ${node.label} stays here` : `backward: ${node.label} passes its gradient on`;
  by("formula").textContent = `δ${brackets(node)} = ∂L/∂${brackets(node)}`;
  if (!step.complete) about.append(make("p", "wrong",
    "Not complete: other nodes that read it have not passed their gradient back yet. What comes later is lost."));
  about.append(heatmap(step.gradient, `incoming gradient δ${brackets(node)}`));
  for (const pass of step.passes) {
    const box = make("div", "sum" in pass ? "pass sum" : "pass"), target = nodes[pass.to];
    box.append(make("div", "rule", pass.rule));
    if (pass.partial) box.append(heatmap(pass.partial, "local derivative"));
    box.append(heatmap(pass.gradient, `what goes to ${target.label}`));
    if (pass.sum) box.append(heatmap(pass.sum, `added up so far: δ${brackets(target)}`));
    if (pass.complete) box.append(make("div", "read", `δ${brackets(target)} is complete`));
    about.append(box);
  }
  if (last && order === "depth-first" && differs(step)) about.append(make("p", "wrong",
    `Wrong: the right gradient has norm ${short(norm(data.gradients[step.node]))}.`));
}

const brackets = node => node.name ? node.label : `(${node.label})`;
function differs(step) {
  const right = data.gradients[step.node];
  return right !== undefined && JSON.stringify(right.rows) !== JSON.stringify(step.gradient.rows);
}

// Dim what is not computed yet; frame the node, what it reads, and backward what has its gradient.
function colour(current, step) {
  const goesForward = step === null, done = new Set(goesForward ? forward.slice(0, now + 1) : forward);
  const graded = new Map();
  if (!goesForward) for (const s of backward().slice(0, now - forward.length + 1)) graded.set(s.node, s);
  const operands = new Set(goesForward ? nodes[current].inputs : step.passes.map(p => p.to));
  nodes.forEach((node, k) => {
    const waiting = node.op !== "" && !done.has(k);
    for (const g of drawn[k]) {
      g.classList.toggle("waiting", waiting);
      g.classList.toggle("now", k === current);
      g.classList.toggle("operand", operands.has(k));
      g.classList.toggle("graded", graded.has(k));
      g.classList.toggle("wrong", graded.has(k) && (!graded.get(k).complete || differs(graded.get(k))));
    }
  });
  const mine = new Set(nodes[current].ids), others = new Set([...operands].flatMap(k => nodes[k].ids));
  data.edges.forEach(([tail, head], k) => {
    if (edgeGroups[k]) edgeGroups[k].classList.toggle("now", mine.has(head) && others.has(tail));
  });
}

// Bring the node to the middle of the drawing.
function look(current) {
  const g = drawn[current][0], box = by("drawing");
  if (!g) return;
  const r = g.getBoundingClientRect(), b = box.getBoundingClientRect();
  const out = r.left < b.left + 30 || r.right > b.right - 30 || r.top < b.top + 30 || r.bottom > b.bottom - 30;
  if (out) box.scrollBy(r.left + r.width / 2 - b.left - b.width / 2, r.top + r.height / 2 - b.top - b.height / 2);
}

// -- ‖∂L/∂state‖ against t ---------------------------------------------------------------------------------------
function svg(tag, attributes, text) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
  if (text !== undefined) e.textContent = text;
  return e;
}
function chart(t) {
  const states = Object.entries(data.states), box = by("chart");
  box.replaceChildren();
  if (!states.length) { box.style.display = "none"; return; }
  const all = states.flatMap(([, pairs]) => pairs), logs = all.map(p => Math.log10(p[1])).filter(Number.isFinite);
  const low = Math.floor(Math.min(...logs)), high = Math.max(Math.ceil(Math.max(...logs)), low + 1);
  const last = Math.max(...all.map(p => p[0]), 1);
  const x = s => 34 + 250 * s / last, y = v => 128 - 112 * ((v > 0 ? Math.max(Math.log10(v), low) : low) - low) / (high - low);
  box.append(svg("line", { class: "axis", x1: 30, y1: 130, x2: 300, y2: 130 }), svg("line", { class: "axis", x1: 30, y1: 130, x2: 30, y2: 10 }));
  for (const power of [low, high]) box.append(svg("text", { x: 26, y: y(10 ** power) + 3, "text-anchor": "end" }, `1e${full(power)}`));
  for (const s of [0, last]) box.append(svg("text", { x: x(s), y: 142, "text-anchor": "middle" }, `t = ${s}`));
  states.forEach(([name, pairs], k) => {
    box.append(svg("polyline", { points: pairs.map(p => `${x(p[0])},${y(p[1])}`).join(" "), "stroke-dasharray": ["none", "5 3", "1 3"][k % 3] }));
    for (const p of pairs) box.append(svg("circle", { cx: x(p[0]), cy: y(p[1]), r: p[0] === t ? 4 : 2, class: p[0] === t ? "here" : "" }));
    const end = pairs[pairs.length - 1];
    box.append(svg("text", { x: x(end[0]) + 6, y: y(end[1]) + 3 }, name));
  });
  const says = states.map(([name, pairs]) => `${name}: ${pairs.map(p => short(p[1])).join(", ")}`).join("; ");
  box.setAttribute("aria-label", `norm of the gradient of each state by time step; ${says}`);
  by("caption").textContent = "‖∂L/∂state‖ by time step";
}

// -- controls ----------------------------------------------------------------------------------------------------
function play(on) {
  if (timer) clearInterval(timer);
  timer = on ? setInterval(() => { if (now >= count() - 1) play(false); else show(now + 1); }, 700) : null;
  by("play").textContent = on ? "❚❚" : "▶";
  by("play").setAttribute("aria-label", on ? "pause" : "play");
  by("play").setAttribute("aria-pressed", on);
}
const go = to => { play(false); show(to); };
by("first").onclick = () => go(0);
by("back").onclick = () => go(now - 1);
by("next").onclick = () => go(now + 1);
by("last").onclick = () => go(count() - 1);
by("play").onclick = () => play(!timer);
by("place").oninput = e => go(Number(e.target.value));
by("order").onchange = e => { order = e.target.value; go(Math.max(now, forward.length)); };
by("time").oninput = e => {
  const t = Number(e.target.value), steps = backward();
  let to = forward.findIndex(k => nodes[k].t === t);
  if (now >= forward.length) to = forward.length + steps.findIndex(s => nodes[s.node].t === t);
  by("clock").textContent = ` t = ${t}`;
  if (to >= 0) go(to);
};
by("find").onchange = e => {
  const wanted = e.target.value.trim();
  const k = nodes.findIndex(n => [n.name, n.label, n.path].includes(wanted) && (n.op || n.role !== "constant"));
  const ahead = forward.indexOf(k), back = backward().findIndex(s => s.node === k);
  if (ahead >= 0 && (now < forward.length || back < 0)) go(ahead);
  else if (back >= 0) go(forward.length + back);
  else by("said").textContent = `there is no ${wanted}`;
};
document.addEventListener("keydown", e => {
  if (e.ctrlKey || e.metaKey || e.altKey || ["INPUT", "SELECT"].includes(e.target.tagName) && e.target.type !== "range") return;
  const keys = { ArrowLeft: () => go(now - 1), ArrowRight: () => go(now + 1), Home: () => go(0), End: () => go(count() - 1) };
  if (e.key === " " && e.target.tagName !== "BUTTON") { play(!timer); e.preventDefault(); }
  if (keys[e.key]) { keys[e.key](); e.preventDefault(); }
});
for (const name of new Set(nodes.map(n => n.name).filter(n => n))) {
  const option = make("option");
  option.value = name;
  by("names").append(option);
}
by("time").max = Math.max(0, ...nodes.map(n => n.t || 0));
show(0);
