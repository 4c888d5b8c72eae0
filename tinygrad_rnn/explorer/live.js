"use strict";
// A computation graph, recomputed wherever an entry of a leaf is changed: what `Program` in program.py writes.
// Every value is a flat Float64Array, row by row; truth values are 0 and 1.

// -- what scalar expressions call, where JavaScript differs ------------------------------------------------------
function sigmoid(x) { const e = Math.exp(-Math.abs(x)); return (x < 0 ? e : 1) / (1 + e); }
function softplus(x) { return (x < 0 ? 0 : x) + Math.log1p(Math.exp(-Math.abs(x))); }
function silu(x) { return x * sigmoid(x); }
function gelu(x) { return x === -Infinity ? 0 : .5 * x * erfc(-x / Math.SQRT2); }
function erf(x) { return Math.abs(x) < 2 ? series(x) : x > 0 ? 1 - erfc(x) : erfc(-x) - 1; }
function erfc(x) {  // a continued fraction (NIST DLMF 7.9.3) where it converges fast, else 1 − erf
  if (!(x >= 2)) return x < -6 ? 2 : 1 - series(x);
  if (x > 27.3) return 0;
  let f = 0;
  for (let k = 60; k > 0; k--) f = k / 2 / (x + f);
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / (x + f);
}
function series(x) {  // erf (NIST DLMF 7.6.2), all terms of one sign
  let term = x, sum = x;
  for (let k = 1; k < 200 && Math.abs(term) > 1e-18 * Math.abs(sum); k++) sum += term *= 2 * x * x / (2 * k + 1);
  return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
}
function rint(x) {  // to even
  const low = Math.floor(x), part = x - low;
  return part < .5 || part === .5 && low % 2 === 0 ? low : low + 1;
}
function pow(a, b) { return b === 2 ? a * a : a === 1 ? 1 : a === -1 && Math.abs(b) === Infinity ? 1 : a ** b; }
function mod(a, b) { const r = a % b; return r !== 0 && r < 0 !== b < 0 ? r + b : r; }
function floorDivide(a, b) { return b === 0 || !Number.isFinite(a) ? Math.floor(a / b) : Math.floor((a - mod(a, b)) / b + .5); }

// -- which entry goes where --------------------------------------------------------------------------------------
const sizeOf = shape => shape.reduce((a, b) => a * b, 1);

/** first + Σ index · step of every index into `shape`, the last axis fastest. */
function evenly([first, shape, steps]) {
  let found = [first];
  shape.forEach((n, k) => { found = found.flatMap(p => Array.from({ length: n }, (_, i) => p + i * steps[k])); });
  return Int32Array.from(found);
}

class Program {
  constructor(data, functions) {
    this.functions = functions;
    this.tables = data.tables.map(t => Int32Array.from(t));
    this.nodes = [];
    for (const given of data.nodes) {
      const y = new Float64Array(sizeOf(given.s)), node = { shape: given.s, array: y, inputs: given.i || [], run: null };
      if (given.v) given.v.forEach((v, i) => { y[i] = Number(v); });
      else node.run = this.compiled(given, node.inputs.map(k => this.nodes[k].array), y);
      node.given = given;
      this.nodes.push(node);
    }
    this.first = this.nodes.map(n => n.run ? null : Float64Array.from(n.array));
    this.stale = new Uint8Array(this.nodes.length).fill(1);
    this.update();
  }

  /** Numbers of entries, as the program writes them; null: all in their order. */
  table(at) { return at === 0 ? null : typeof at === "number" ? this.tables[at - 1] : evenly(at); }

  /** What computes a node; everything that does not change is worked out here, once. */
  compiled({ k, at, f, n, m, l, from }, xs, y) {
    const [a, b, c] = xs, size = y.length, g = this.functions[f];
    if (k === "entries") {
      const all = p => p || evenly([0, [size], [1]]);
      const [p, q, r] = at.map(t => this.table(t));
      if (xs.length === 1) return p ? () => { for (let i = 0; i < size; i++) y[i] = g(a[p[i]]); }
        : () => { for (let i = 0; i < size; i++) y[i] = g(a[i]); };
      const s = all(p), t = all(q), u = xs.length > 2 ? all(r) : null;
      return u ? () => { for (let i = 0; i < size; i++) y[i] = g(a[s[i]], b[t[i]], c[u[i]]); }
        : () => { for (let i = 0; i < size; i++) y[i] = g(a[s[i]], b[t[i]]); };
    }
    if (k === "product") return () => {
      y.fill(0);
      for (let s = 0; s < at[0].length; s++) for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) {
        let sum = 0;
        for (let h = 0; h < l; h++) sum += a[at[0][s] + i * l + h] * b[at[1][s] + h * m + j];
        y[(s * n + i) * m + j] = sum;
      }
    };
    if (k === "placed") {
      const to = at.map(t => this.table(t));
      return () => xs.forEach((x, j) => x.forEach((v, i) => { y[to[j] ? to[j][i] : i] = v; }));
    }
    const p = this.table(at);
    if (k === "gather") return p ? () => { for (let i = 0; i < size; i++) y[i] = a[p[i]]; } : () => y.set(a.subarray(0, size));
    const start = k === "fold" ? Number(from) : 0;
    const add = k === "fold" ? g : (total, x) => total + x;
    return () => {
      y.fill(start);
      for (let i = 0; i < a.length; i++) { const j = p ? p[i] : i; y[j] = add(y[j], a[i]); }
    };
  }

  /** Compute, in order, what reads something stale. */
  update() {
    this.nodes.forEach((node, k) => {
      if (!node.run || !node.inputs.some(i => this.stale[i])) return;
      node.run();
      this.stale[k] = 1;
    });
    this.stale.fill(0);
  }

  value(place) { return this.nodes[place].array; }

  /** Entry `i` of a node as an entry of the leaf that it is part of: [leaf, entry]; null if it is computed. */
  source(place, i) {
    for (let node = this.nodes[place]; ; node = this.nodes[place]) {
      if (!node.run) return [place, i];
      if (node.given.k !== "gather") return null;
      const p = this.table(node.given.at);
      i = p ? p[i] : i;
      place = node.inputs[0];
    }
  }

  set(place, i, value) {
    this.nodes[place].array[i] = value;
    this.stale[place] = 1;
  }

  /** w ← w − rate · ∂L/∂w for pairs [w, ∂L/∂w] of places. */
  descend(pairs, rate) {
    const steps = pairs.map(([, g]) => Float64Array.from(this.nodes[g].array));
    pairs.forEach(([w], k) => {
      const array = this.nodes[w].array;
      for (let i = 0; i < array.length; i++) array[i] -= rate * steps[k][i];
      this.stale[w] = 1;
    });
    this.update();
  }

  reset() {
    this.first.forEach((v, k) => { if (v) { this.nodes[k].array.set(v); this.stale[k] = 1; } });
    this.update();
  }
}
