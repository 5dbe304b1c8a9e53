// The picture: how it is looked at, the states of its layers, and the paths through it. Read before controls.js, in one
// function with it: nothing here is visible outside.

const $ = (id) => document.getElementById(id);
const data = JSON.parse(unpacked("data"));
const stage = $("stage");
const others = document.createElement("template");
others.innerHTML = unpacked("states");
const parsed = [stage.querySelector("svg"), ...others.content.querySelectorAll("svg")];
const states = data.states.map((state, place) => ({ ...state, opened: new Set(state.opened), picture: parsed[place] }));
const size = (svg) => svg.getAttribute("viewBox").split(" ").slice(2).map(Number);
const sizes = states.map((state) => size(state.picture));
const LARGEST = 2.2, SMALLEST_AT_FIRST = 0.75;

let current = 0, svg = null, nodes = new Map(), edges = [], wires = [], labels = [], labels_from = new Map(), before = new Map(), after = new Map();
let scale = 1, smallest = SMALLEST_AT_FIRST, left = 0, top = 0, fitted = true, at = data.steps.length, timer = null, home = null;

// The view: `scale` is in pixels per unit of the picture, `left` and `top` are the corner in its units.

function place() {
  const whole = stage.getBoundingClientRect();
  const [across, down] = [whole.width / scale, whole.height / scale], [width, height] = sizes[current];
  svg.setAttribute("viewBox", [left, top, across, down].map((x) => x.toFixed(2)).join(" "));
  const cut = { left: left > 1, top: top > 1, right: left + across < width - 1, bottom: top + down < height - 1 };
  stage.dataset.cut = Object.keys(cut).filter((side) => cut[side]).join(" ");
}

function fit() {
  const [width, height] = sizes[current];
  const [across, down] = [stage.clientWidth / (width + 16), stage.clientHeight / (height + 16)];
  scale = Math.max(Math.min(across, down, LARGEST), smallest);
  const [room, below] = [stage.clientWidth / scale, stage.clientHeight / scale];
  // A picture that is too large begins at its corner: edges that are cut off are shaded.
  left = room > width ? (width - room) / 2 : -8;
  top = below > height ? (height - below) / 2 : -8;
  fitted = true;
  place();
}

// At first texts are legible, if need be without the end of the picture; who asks for it sees all of it.
function fitAll() {
  smallest = 0;
  fit();
}

// On a narrow screen the details take room from the picture.
const resized = () => (fitted ? fit() : place());

function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const wanted = Math.min(Math.max(scale * factor, 0.02), 20);
  left += x / scale - x / wanted;
  top += y / scale - y / wanted;
  scale = wanted;
  fitted = false;
  place();
}

const middle = (element) => {
  const box = element.getBoundingClientRect(), around = stage.getBoundingClientRect();
  return [box.left + box.width / 2 - around.left, box.top + box.height / 2 - around.top];
};

function moveTo(element, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const [from, down] = middle(element);
  left += (from - x) / scale;
  top += (down - y) / scale;
  place();
}

function reveal(element) {
  const [x, y] = middle(element);
  if (x < 40 || y < 40 || x > stage.clientWidth - 40 || y > stage.clientHeight - 40) {
    fitted = false;
    moveTo(element);
  }
}

// States: each a picture with other layers open.

function show(number) {
  current = number;
  svg = states[number].picture.cloneNode(true);
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  stage.replaceChildren(svg);
  nodes = new Map();
  edges = [];
  before = new Map();
  after = new Map();
  for (const group of svg.querySelectorAll("g[data-id]")) {
    const id = group.dataset.id;
    if (!group.classList.contains("edge")) {
      nodes.set(id, group);
      continue;
    }
    const [from, to] = id.split("-");
    edges.push({ group, from, to });
    if (!after.has(from)) after.set(from, []);
    if (!before.has(to)) before.set(to, []);
    after.get(from).push(to);
    before.get(to).push(from);
  }
  wires = [];
  for (const [id, group] of nodes) {
    const layer = group.classList.contains("layer"), box = group.classList.contains("box");
    group.tabIndex = -1;
    group.setAttribute("role", "button");
    const title = group.querySelector("title");
    if (title) group.setAttribute("aria-label", title.textContent);
    if (layer || box) group.setAttribute("aria-expanded", String(layer));
    if (group.classList.contains("wire")) {
      const value = group.querySelector("text.value"), gradient = group.querySelector("text.gradient");
      target(group);
      if (value) wires.push({ group, title, number: Number(/^v(\d+)/.exec(id)[1]), texts: [value, gradient].map(measured(group)) });
    } else if (!layer) centre(group);
  }
  home = [...nodes.values()].find((group) => !group.classList.contains("layer")) || null;
  if (home) home.tabIndex = 0;
  $("open-all").disabled = ends(true) === current;
  $("close-all").disabled = ends(false) === current;
  labels = edges.flatMap(label_of);
  labels_from = new Map();
  for (const label of labels) labels_from.set(nodes.get(label.from), [...(labels_from.get(nodes.get(label.from)) || []), label]);
  box_notes = notes_of_boxes();
  refresh();
  search(false);
}

// The engine measured texts in Helvetica; in another font they are made to fit what was laid out for them.

function centre(group) {
  const shape = group.querySelector("ellipse,path,polygon");
  if (!shape) return;
  const box = shape.getBBox(), room = (group.classList.contains("guard") ? 0.95 : 0.86) * box.width;
  for (const text of group.querySelectorAll("text")) {
    const length = text.getComputedTextLength();
    text.setAttribute("text-anchor", "middle");
    text.setAttribute("x", (box.x + box.width / 2).toFixed(2));
    if (length > room) text.setAttribute("font-size", ((Number(text.getAttribute("font-size")) * room) / length).toFixed(2));
  }
}

// A wire can be pointed at anywhere, and the rows of its texts keep their distance.
function target(group) {
  const shapes = [...group.querySelectorAll("polygon,path")].map((shape) => shape.getBBox()), texts = [...group.querySelectorAll("text")];
  const box = group.getBBox(), rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const side of ["x", "y", "width", "height"]) rect.setAttribute(side, box[side]);
  rect.setAttribute("class", "target");
  group.insertBefore(rect, group.firstChild);
  group.room = box;
  group.rows = [];
  const west = Math.min(...shapes.map((one) => one.x)), east = Math.max(...shapes.map((one) => one.x + one.width));
  for (const height of shapes.length && !group.classList.contains("record") ? new Set(texts.map((text) => text.getAttribute("y"))) : []) {
    const row = texts.filter((text) => text.getAttribute("y") === height && text.textContent.trim());
    for (const text of row) text.textContent = text.textContent.trim();
    const gap = 3.5 * (row.length - 1), length = row.reduce((sum, text) => sum + text.getComputedTextLength(), 0);
    const shrink = Math.min(1, (east - west - gap - 2) / length);
    let x = (west + east - length * shrink - gap) / 2;
    for (const text of row) {
      if (shrink < 1) text.setAttribute("font-size", (Number(text.getAttribute("font-size")) * shrink).toFixed(2));
      text.setAttribute("x", x.toFixed(2));
      x += text.getComputedTextLength() + 3.5;
    }
    group.rows.push({ texts: row, lengths: row.map((text) => text.getComputedTextLength()), middle: (west + east) / 2, room: east - west - 2 });
  }
}

// A text with what it says and how much room it has, so that another number does not stick out.
const measured = (group) => (text) => {
  if (!text) return null;
  const box = group.getBBox(), length = text.getComputedTextLength(), cell = group.classList.contains("record");
  const y = Number(text.getAttribute("y")) - 2;
  const ground = data.alarm && [...group.querySelectorAll(`polygon[fill="${data.alarm}"]`)].find((one) => one.getBBox().y < y && y < one.getBBox().y + one.getBBox().height);
  const room = cell ? length + 4 : Math.max(box.x + box.width - Number(text.getAttribute("x")), length);
  return { text, ground, row: (group.rows || []).find((one) => one.texts.includes(text)), says: text.textContent, room, size: Number(text.getAttribute("font-size")) };
};

function say(part, words) {
  if (!part || part.text.textContent === words) return;
  part.text.textContent = words;
  part.text.setAttribute("font-size", part.size);
  const length = part.text.getComputedTextLength();
  if (length > part.room) part.text.setAttribute("font-size", ((part.size * part.room) / length).toFixed(2));
}

const distance = (one, other) => [...one].filter((box) => !other.has(box)).length + [...other].filter((box) => !one.has(box)).length;

function nearest(wanted, allowed = () => true) {
  let best = -1, least = Infinity;
  states.forEach((state, number) => {
    const far = distance(state.opened, wanted);
    if (allowed(state) && far < least) [best, least] = [number, far];
  });
  return best;
}

const ends = (open) => nearest(new Set(open ? data.boxes.keys() : []));

function change(number, anchor = null) {
  const old = anchor === null ? null : nodes.get(anchor), kept = old && !fitted ? middle(old) : null;
  show(number);
  if (fitted) fit();
  else place();
  const now = anchor === null ? null : nodes.get(anchor);
  if (kept && now) moveTo(now, ...kept);
  if (now) focus(now);
}

function toggle(box) {
  const open = !states[current].opened.has(box);
  const wanted = new Set(states[current].opened);
  if (open) wanted.add(box);
  const found = nearest(wanted, (state) => state.opened.has(box) === open);
  if (found < 0) $("says").textContent = `${data.boxes[box].label} is not ${open ? "opened" : "closed"} in this page: the picture would be too large.`;
  else change(found, `b${box}`);
}

// Paths: what feeds a node and what is fed by it.

function reached(start, next) {
  const met = new Set([start]);
  for (const id of met) for (const other of next.get(id) || []) met.add(other);
  return met;
}

function hover(id) {
  const node = id === null ? null : nodes.get(id);
  const on = node && !node.classList.contains("layer");
  svg.classList.toggle("hovered", Boolean(on));
  if (!on) return;
  const up = reached(id, before), down = reached(id, after);
  for (const [other, group] of nodes) group.classList.toggle("path", up.has(other) || down.has(other) || group.classList.contains("layer"));
  for (const { group, from, to } of edges) group.classList.toggle("path", (up.has(from) && up.has(to)) || (down.has(from) && down.has(to)));
}
