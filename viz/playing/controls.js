// What a reader does with the picture: ask for details, walk through the steps, search, point, press keys.

// Details: where a number comes from.

let detailed = null;

function write_details(heading, lines, why = -1) {
  const panel = $("details");
  panel.querySelector("h2").textContent = heading;
  panel.querySelector("ul").replaceChildren(...lines.map((line, number) => {
    const item = document.createElement("li");
    item.textContent = line;
    if (number === why) item.className = "why";
    return item;
  }));
}

function details(...written) {
  const panel = $("details");
  write_details(...written);
  panel.hidden = false;
  resized();
  if (!home) return;
  reveal(home);
  const [node, over] = [home, panel].map((element) => element.getBoundingClientRect());
  if (node.right > over.left && node.left < over.right && node.bottom > over.top && node.top < over.bottom) {
    fitted = false;
    moveTo(home);
  }
}

function dismiss() {
  $("details").hidden = true;
  resized();
}

function activate(group) {
  if (group.dataset.id[0] === "b") return toggle(parseInt(group.dataset.id.slice(1), 10));
  detailed = group;
  return details(...words_about(group));
}

// What the panel says of a value, an operation or a group of them: heading, lines, and which of them is the reason.
function words_about(group) {
  const id = group.dataset.id, number = parseInt(id.slice(1), 10);
  if (id[0] === "v" && data.values[number]) {
    const value = data.values[number];
    const [shown_number, gradient] = moved_away ? [told(number), value.gradient && gradient_of(number)] : [value.number, value.gradient];
    const heading = (value.name ? `${value.name} = ` : "") + shown_number + (gradient ? `,  ∂ ${gradient}` : "");
    if (asked.size) return [value.name || value.number, value.lines.slice(0, 1)];
    const [lines, why] = moved_away ? told_anew(number) : [value.lines, value.why];
    return [heading, lines, why ? lines.length - 1 : -1];
  }
  if (id[0] === "o" && data.operations[number]) {
    const [symbol, name] = data.operations[number];
    const lines = asked.size ? [] : moved_away ? told_of(number) : data.steps.filter((one) => one[1] === number).map(([phase, , says]) => `${phase}: ${says}`);
    return [symbol === name ? name : `${symbol}  ${name}`, lines];
  }
  const title = group.querySelector("title");
  return [group.querySelector("text").textContent, title ? [title.textContent] : []];
}

function focus(group) {
  if (home) home.tabIndex = -1;
  home = group;
  group.tabIndex = 0;
  group.focus({ preventScroll: true });
  reveal(group);
}

function neighbour(group, key) {
  const id = group.dataset.id, [x, y] = middle(group);
  const linked = { ArrowLeft: before, ArrowRight: after }[key];
  const near = linked && linked.get(id) ? linked.get(id).map((other) => nodes.get(other)) : [...nodes.values()];
  const [across, down] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  let best = null, least = Infinity;
  for (const other of near) {
    if (!other || other === group) continue;
    const [dx, dy] = middle(other).map((one, axis) => one - [x, y][axis]);
    const along = dx * across + dy * down, aside = Math.abs(dx * down) + Math.abs(dy * across);
    if ((along > 1 || near.length < nodes.size) && along + 2 * aside < least) [best, least] = [other, along + 2 * aside];
  }
  return best;
}

// Steps: the computation forward, then backward.

function worker(operation) {
  if (nodes.has(`o${operation}`)) return nodes.get(`o${operation}`);
  for (const [id, members] of Object.entries(states[current].members)) if (members.includes(operation)) return nodes.get(id);
  for (let box = data.operations[operation][2]; box !== null; box = data.boxes[box].parent) {
    const closed = nodes.get(`b${box}`);
    if (closed && closed.classList.contains("box")) return closed;
  }
  return nodes.get(`v${data.operations[operation][3]}`) || null;
}

function step(number) {
  at = number;
  const last = data.steps.length, done = data.steps.slice(0, at), [phase, operation, says] = at > 0 && at <= last ? data.steps[at - 1] : ["", null, ""];
  const finished = at === last || moved_away, computed = new Set(), sums = new Map();
  for (const [kind, worked, , gradients] of done) {
    if (kind === "forward") computed.add(worked);
    for (const [value, words, complete] of gradients) sums.set(value, [words, complete]);
  }
  for (const { group, number: value, texts: [above, below] } of wires) {
    const { producer, gradient } = data.values[value];
    const later = !finished && producer !== null && !computed.has(producer);
    const [words, complete] = finished || gradient === "?" ? [below && below.says, true] : sums.get(value) || ["?", true];
    if (group.classList.contains("later") !== later) group.classList.toggle("later", later);
    if (finished && moved_away) continue;
    say(above, later ? "?" : above.says);
    say(below, words);
    if (below) below.text.classList.toggle("partial", !complete);
  }
  for (const group of svg.querySelectorAll(".at-work")) group.classList.remove("at-work");
  const busy = operation === null || operation === undefined ? null : worker(operation);
  if (busy && (!finished || timer !== null)) busy.classList.add("at-work");
  svg.classList.toggle("forward", phase === "forward");
  const forward = data.steps.filter((one) => one[0] === "forward").length;
  $("step").value = at;
  const words = at === 0 ? "inputs" : at <= forward ? `forward ${at} of ${forward}` : phase === "start" ? "backward starts" : `backward ${at - forward - 1} of ${last - forward - 1}`;
  $("phase").value = last ? words : "";
  $("step").setAttribute("aria-valuetext", says ? `${words}: ${says}` : words);
  $("says").textContent = data.quiz ? "" : warning || (moved_away ? "Moved: all numbers are computed anew. Reset the inputs to step through." : last ? says : data.reason);
  $("previous").disabled = at === 0;
  $("next").disabled = finished;
}

function play(on) {
  clearInterval(timer);
  timer = null;
  $("play").textContent = on ? "pause" : "play";
  $("play").setAttribute("aria-label", on ? "pause" : "play");
  if (!on) return;
  timer = setInterval(() => (at < data.steps.length ? step(at + 1) : play(false)), 900);
  step(at < data.steps.length ? at + 1 : 0);
}

const walk = (by) => {
  play(false);
  step(Math.min(Math.max(at + by, 0), data.steps.length));
};

// Search: by the name of a value, an operation or a layer.

let matches = [], chosen = -1;
const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

function search(go, by = 1) {
  const query = plain($("query").value.trim());
  for (const group of svg.querySelectorAll(".match")) group.classList.remove("match");
  if (!query) {
    matches = [];
    chosen = -1;
    $("found").value = "";
    return;
  }
  const hit = (...texts) => texts.some((text) => plain(text).includes(query));
  matches = [
    ...Object.entries(data.values).filter(([, value]) => value.name && hit(value.name, value.search)).map(([id]) => `v${id}`),
    ...data.boxes.flatMap((box, id) => (hit(box.label) ? [`b${id}`] : [])),
    ...data.operations.flatMap(([symbol, name], id) => (plain(symbol) === query || hit(name) ? [`o${id}`] : [])),
  ];
  if (go && matches.length) {
    chosen = (chosen + by + matches.length) % matches.length;
    const id = matches[chosen];
    if (!drawn(svg, id)) {
      const state = nearest(states[current].opened, (one) => drawn(one.picture, id));
      if (state >= 0) {
        const kept = chosen;
        change(state);
        chosen = kept;
      }
    }
    const group = drawn(svg, id);
    if (group) reveal(group);
  }
  for (const group of svg.querySelectorAll(".chosen")) group.classList.remove("chosen");
  for (const id of matches) {
    const group = drawn(svg, id);
    if (group) group.classList.add("match");
    if (group && id === matches[chosen]) group.classList.add("chosen");
  }
  $("found").value = matches.length ? (chosen < 0 ? `${matches.length} found` : `${(chosen % matches.length) + 1} of ${matches.length}`) : "nothing found";
}

// A leaf that is drawn once per use has the user's id behind its own.
function drawn(picture, id) {
  return picture.querySelector(`g[data-id="${id}"]`) || (id[0] === "v" ? [...picture.querySelectorAll(`g.wire[data-id^="${id}"]`)].find((group) => !/\d/.test(group.dataset.id[id.length])) : null) || null;
}

// Pointers: one drags, two pinch, a click that did not move is a click.

const pointers = new Map();
let moved = 0;
const spread = () => {
  const [one, two] = [...pointers.values()];
  return Math.hypot(one.x - two.x, one.y - two.y);
};
const groupAt = (target) => (target instanceof Element ? target.closest("g.node[data-id],g.layer[data-id]") : null);

stage.addEventListener("pointerdown", (event) => {
  if (event.button > 0) return;
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  if (pointers.size === 1) moved = 0;
});
window.addEventListener("pointermove", (event) => {
  const pointer = pointers.get(event.pointerId);
  if (!pointer) return;
  const wide = pointers.size === 2 ? spread() : 0;
  const [dx, dy] = [event.clientX - pointer.x, event.clientY - pointer.y];
  moved += Math.abs(dx) + Math.abs(dy);
  pointer.x = event.clientX;
  pointer.y = event.clientY;
  if (wide) {
    const around = stage.getBoundingClientRect(), points = [...pointers.values()];
    zoom(spread() / wide, (points[0].x + points[1].x) / 2 - around.left, (points[0].y + points[1].y) / 2 - around.top);
  } else if (moved > 4) {
    stage.classList.add("dragged");
    left -= dx / scale;
    top -= dy / scale;
    fitted = false;
    place();
  }
});
for (const kind of ["pointerup", "pointercancel"]) {
  window.addEventListener(kind, (event) => {
    pointers.delete(event.pointerId);
    stage.classList.remove("dragged");
  });
}
stage.addEventListener("click", (event) => {
  const group = groupAt(event.target);
  if (!group || moved > 4) return;
  focus(group);
  activate(group);
});
stage.addEventListener("pointerover", (event) => {
  const group = groupAt(event.target);
  hover(group && pointers.size === 0 ? group.dataset.id : null);
});
stage.addEventListener("pointerleave", () => hover(null));
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const around = stage.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX - around.left, event.clientY - around.top);
}, { passive: false });

// Keys.

stage.addEventListener("keydown", (event) => {
  const group = groupAt(event.target);
  if (!group || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Enter") activate(group);
  else if (event.key.startsWith("Arrow")) {
    const other = neighbour(group, event.key);
    if (other) {
      focus(other);
      hover(other.dataset.id);
    }
  } else return;
  event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    dismiss();
    hover(null);
    return;
  }
  if (event.target instanceof HTMLElement && event.target.matches("input:not(#step),textarea,button")) return;
  const actions = {
    "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: fitAll, "[": () => walk(-1), "]": () => walk(1),
    " ": () => play(timer === null), "/": () => $("query").focus(), m: () => $("move").click(),
  };
  if (!actions[event.key]) return;
  actions[event.key]();
  event.preventDefault();
});

const themes = ["auto", "light", "dark"];
function theme(name) {
  document.documentElement.dataset.theme = name;
  $("theme").textContent = `theme: ${name}`;
}
$("theme").addEventListener("click", () => theme(themes[(themes.indexOf(document.documentElement.dataset.theme) + 1) % 3]));
$("open-all").addEventListener("click", () => change(ends(true)));
$("close-all").addEventListener("click", () => change(ends(false)));
$("zoom-in").addEventListener("click", () => zoom(1.25));
$("zoom-out").addEventListener("click", () => zoom(0.8));
$("fit").addEventListener("click", fitAll);
$("dismiss").addEventListener("click", dismiss);
$("play").addEventListener("click", () => play(timer === null));
$("previous").addEventListener("click", () => walk(-1));
$("next").addEventListener("click", () => walk(1));
$("step").addEventListener("input", () => {
  play(false);
  step(Number($("step").value));
});
$("query").addEventListener("input", () => {
  chosen = -1;
  search(false);
});
$("query").addEventListener("keydown", (event) => {
  if (event.key === "Enter") search(true, event.shiftKey ? -1 : 1);
});
window.addEventListener("resize", resized);

// On paper stands the whole picture, on a light ground, and nothing that is pointed at.
let before_print = null;
window.addEventListener("beforeprint", () => {
  before_print = document.documentElement.dataset.theme;
  hover(null);
  document.documentElement.dataset.theme = "light";
  svg.setAttribute("viewBox", `0 0 ${sizes[current].join(" ")}`);
});
window.addEventListener("afterprint", () => {
  document.documentElement.dataset.theme = before_print;
  place();
});

$("step").max = data.steps.length;
$("player").hidden = data.steps.length === 0;
if (data.boxes.length === 0) $("open-all").parentElement.hidden = true;
theme(document.documentElement.dataset.theme);
play(false);
begin_live();
show(0);
fit();
