// The page computes: inputs are moved, numbers follow; descent; the quiz. Read after picture.js and evaluate.js.

const special = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const numeric = (number) => (typeof number === "string" ? special[number] : number);
let program = null, drawn_values = [], moved_away = false, warning = "", training = null, taken = 0;
const asked = new Set(), boxes_of_leaves = new Map();

// A number as the picture writes it.
function shown(number, digits = program.digits) {
  if (Number.isNaN(number)) return "nan";
  if (!Number.isFinite(number)) return number > 0 ? "∞" : "−∞";
  if (Number.isInteger(number) && Math.abs(number) < 1e6) return String(number + 0).replace("-", "−");
  const [mantissa, exponent] = number.toExponential(digits - 1).split("e"), plain = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  const text = exponent < -4 || exponent >= digits ? `${plain(mantissa)}e${Number(exponent)}` : plain(number.toFixed(Math.max(0, digits - 1 - exponent)));
  return text.replaceAll("-", "−");
}

// All digits, for tooltips.
function exact(number) {
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "nan" : number > 0 ? "inf" : "−inf";
  const [digits, power] = number.toExponential().split("e"), far = power < -4 || power >= 16;
  const text = far ? `${digits}e${power[0]}${power.slice(1).padStart(2, "0")}` : Object.is(number, -0) ? "-0" : String(number);
  return text.replaceAll("-", "−");
}

const told = (value) => (program.conditions.has(value) ? String(program.values[value] !== 0) : shown(program.values[value]));
const gradient_of = (value) => (program.gradients[value] === null ? "?" : shown(program.gradients[value]));
const called = (value) => (data.values[value] && data.values[value].name) || told(value);

function begin_live() {
  $("move").hidden = !data.live;
  if (!data.live) {
    if (data.quiz) begin_quiz();
    return;
  }
  const operations = data.live.operations.map(([name, operands, result, order]) => ({ name, operands, result, order }));
  program = { ...data.live, operations, values: data.live.values.map(numeric), seeds: data.live.seeds.map(([value, gradient]) => [value, numeric(gradient)]), conditions: new Set(data.live.conditions) };
  for (const operation of operations) operation.uses = uses_of(program, operation.operands);
  // By values: the operations that compute them, and those that use them, with the places there, the last first.
  program.producers = {};
  program.used = {};
  operations.forEach(({ result }, place) => (program.producers[result] = place));
  for (let place = operations.length - 1; place >= 0; place--) operations[place].operands.forEach((value, side) => (program.used[value] ||= []).push([place, side]));
  drawn_values = [...program.values];
  forward(program);
  backward(program);
  // What was assigned after the graph was made does not change the graph: then the page could not follow it.
  const apart = (one, other) => !(Object.is(one, other) || Math.abs(one - other) <= 1e-9 * Math.max(Math.abs(one), Math.abs(other)) || (Number.isNaN(one) && Number.isNaN(other)));
  if (program.values.some((value, place) => apart(value, drawn_values[place]))) {
    program = null;
    $("move").hidden = true;
    data.still = "Its numbers do not follow from its inputs.";
  } else {
    program.values = [...drawn_values];
    for (const [value, trained] of data.live.leaves) add_leaf(value, trained);
    $("descent").hidden = program.outputs.length !== 1 || !program.seeds.length;
  }
  if (data.quiz) begin_quiz();
}

// Fields of numbers take finite ones only.
const typeable = (number) => (Number.isFinite(number) ? number : "");

function add_leaf(value, trained) {
  const row = document.createElement("div"), name = document.createElement("span"), number = program.values[value];
  const [slider, typed, box] = ["range", "number", "checkbox"].map((type) => Object.assign(document.createElement("input"), { type }));
  name.textContent = (data.values[value] && (data.values[value].name || data.values[value].search)) || `value ${value}`;
  const middle = Number(typeable(number)), reach = Math.max(1, 2 * Math.abs(middle));
  Object.assign(slider, { min: middle - reach, max: middle + reach, step: "any", value: middle });
  Object.assign(typed, { step: "any", value: typeable(number) });
  box.checked = Boolean(trained);
  box.title = "moved by descent";
  slider.setAttribute("aria-label", `${name.textContent}, slider`);
  typed.setAttribute("aria-label", `${name.textContent}, number`);
  box.setAttribute("aria-label", `${name.textContent} is moved by descent`);
  slider.addEventListener("input", () => move([[value, Number(slider.value)]]));
  typed.addEventListener("input", () => typed.value !== "" && move([[value, Number(typed.value)]]));
  row.className = name.textContent.length > 10 ? "leaf long" : "leaf";
  row.append(name, slider, typed, box);
  $("leaves").append(row);
  boxes_of_leaves.set(value, { slider, typed, box, number });
}

// Set leaves and compute all anew; false, and nothing changed, if a decision would fall the other way.
function move(pairs) {
  const before_move = [...program.values];
  for (const [value, number] of pairs) program.values[value] = number;
  forward(program);
  const [failed] = failed_guards(program);
  if (failed) {
    program.values = before_move;
    forward(program);
    warning = `Here the decision at ${failed[2]} would fall the other way: another path, which this picture does not have.`;
  } else warning = "";
  backward(program);
  moved_away = program.values.some((number, place) => !Object.is(number, drawn_values[place]));
  if (!moved_away) taken = 0;
  play(false);
  for (const [value, leaf] of boxes_of_leaves) {
    const number = program.values[value], { slider, typed } = leaf;
    if (Object.is(number, leaf.number) && !failed) continue;
    leaf.number = number;
    if (document.activeElement !== slider) slider.value = number;
    if (document.activeElement !== typed || failed) typed.value = typeable(number);
  }
  $("player").hidden = moved_away || data.steps.length === 0;
  $("says").classList.toggle("warning", Boolean(warning));
  at = moved_away ? data.steps.length : at;
  $("python").hidden = true;
  refresh();
  tell_loss();
  return !failed;
}

// About the width of a number in its size, in Helvetica: to have the browser measure it costs a layout of all texts.
const narrow = { ".": 0.278, " ": 0.278, "−": 0.584, "+": 0.584, "∞": 0.713, "…": 1 };
const about = (words) => [...words].reduce((sum, sign) => sum + (narrow[sign] || 0.556), 0);

// To set what an attribute is already has the browser lay the text out again.
function set(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

function put(part, words) {
  part.says = words;
  if (part.text.firstChild?.data === words) return;
  if (part.text.firstChild) part.text.firstChild.data = words;
  else part.text.textContent = words;
  const { row } = part, own = row ? row.texts.indexOf(part.text) : -1;
  const others = row ? row.lengths.reduce((sum, length, place) => sum + (place === own ? 0 : length + 3.5), 0) : 0;
  const size = Math.min(part.size, ((row ? Math.max(row.room, others + 12) : part.room) - others) / about(words));
  set(part.text, "font-size", size.toFixed(2));
  if (!row) return;
  // The row keeps its middle.
  row.lengths[own] = about(words) * size;
  let x = row.middle - (others + row.lengths[own]) / 2;
  row.texts.forEach((text, place) => {
    set(text, "x", x.toFixed(2));
    x += row.lengths[place] + 3.5;
  });
}

// Of large pictures what is in view and can be read follows at once, and the rest, some at a time, when nothing moves: a
// browser lays texts out one by one, about 20 µs each.
const MOST_AT_ONCE = 120, SMALLEST_READ = 0.4;
let later = null, seen = [0, 0];
new ResizeObserver(() => (seen = [stage.clientWidth, stage.clientHeight])).observe(stage);
const meets = (room, [across, down]) => room.x < left + across && room.x + room.width > left && room.y < top + down && room.y + room.height > top;

// The numbers of the picture that is shown.
function refresh() {
  clearTimeout(later);
  if (program && (moved_away || stale)) {
    const view = seen.map((length) => length / scale);
    const now = wires.length <= MOST_AT_ONCE ? wires : scale < SMALLEST_READ ? [] : wires.filter(({ group }) => meets(group.room, view));
    stale = true;
    chains = new Map();
    now.forEach(follow);
    follow_boxes();
    paint();
    if (now === wires) stale = moved_away;
    else later = setTimeout(() => catch_up(0), 150);
  }
  for (const { number, texts: [, below] } of asked.size ? wires : []) if (below && asked.has(number)) put(below, "?");
  if (data.quiz) hide_labels();
  // What it says while inputs are moved is said once: around the picture, a change has all of it laid out again.
  const says = moved_away ? `moved ${warning}` : "";
  if (!moved_away || says !== said) step(Math.min(at, data.steps.length));
  said = says;
  if (detailed && !$("details").hidden) write_details(...words_about(detailed));
}

// In a quiz a local gradient is shown with the gradient that it leads to; before, only which operand it is of.
function hide_labels() {
  for (const { group, from } of edges) group.classList.toggle("asked", asked.has(Number(/^v(\d+)/.exec(from)?.[1])));
  for (const label of labels) if (label.text && label.order) {
    put(label, asked.has(label.value) ? label.order : label.words());
    label.part.classList.remove("asked");
  }
}

// Whether numbers of the picture may not be those of the program, or those that were drawn.
let stale = false, said = "";

// The numbers of a value, and the derivatives at the arrows that lead from it.
function follow({ number, group, title, texts: [above, below] }) {
  if (above) put(above, told(number));
  if (below) put(below, gradient_of(number));
  [above, below].forEach((part, row) => part && alarm(part, [program.values, program.gradients][row][number]));
  if (title) {
    title.textContent = titled(number, title);
    group.setAttribute("aria-label", title.textContent);
  }
  for (const label of labels_from.get(group) || []) {
    if (label.text) put(label, label.words());
    if (label.title) label.title.textContent = label.told();
  }
}

// A tooltip with the numbers of now: around them stand the name, the sign of the gradient, the operation of a card.
function titled(number, title) {
  const { name, search } = data.values[number], gradient = program.gradients[number];
  title.as_drawn ??= title.textContent;
  if (!moved_away) return title.as_drawn;
  const begin = [name, search].filter(Boolean).map((one) => `${one} = `).find((one) => title.as_drawn.startsWith(one)) || "";
  const [, , sign = "", slope, rest] = /^([^ ,]+)(?:(, .+? = )([^ ,]+))?(.*)$/s.exec(title.as_drawn.slice(begin.length)) || [];
  const now = program.conditions.has(number) ? told(number) : exact(program.values[number]);
  return `${begin}${now}${sign}${slope === undefined ? "" : gradient === null ? "?" : exact(gradient + 0)}${rest}`;
}

// A number that is none stands out, and one that is a number again does not.
function alarm({ text, ground }, number) {
  const wrong = number !== null && !Number.isFinite(number);
  text.classList.toggle("alarm", wrong && !ground);
  for (const part of ground ? [text, ground] : []) part.classList.toggle("calm", !wrong);
}

// The words of closed layers for the parameters that they have taken in.
function follow_boxes() {
  for (const { text, parameters } of box_notes) {
    const sizes = parameters.map((value) => program.gradients[value]).filter((one) => one !== null).map(Math.abs);
    const words = text.textContent.replace(/up to .*$/, `up to ${shown(sizes.some(Number.isNaN) ? NaN : Math.max(...sizes))}`);
    if (text.textContent !== words) text.textContent = words;
  }
}

let box_notes = [];
function notes_of_boxes() {
  const outermost = (place) => {
    let closed = null;
    for (let box = data.operations[place][2]; box !== null; box = data.boxes[box].parent) if (!states[current].opened.has(box)) closed = box;
    return closed;
  };
  const parameters = program ? program.leaves.filter(([, , parameter]) => parameter).map(([value]) => [value, [...new Set((program.used[value] || []).map(([place]) => outermost(place)))]]) : [];
  return [...nodes].flatMap(([id, group]) => {
    const text = [...group.querySelectorAll("text")].find((one) => one.textContent.includes("|∂| up to"));
    return text && group.classList.contains("box") ? [{ text, parameters: parameters.filter(([, boxes]) => boxes.length === 1 && `b${boxes[0]}` === id).map(([value]) => value) }] : [];
  });
}

function catch_up(place) {
  wires.slice(place, place + MOST_AT_ONCE).forEach(follow);
  if (place + MOST_AT_ONCE < wires.length) later = setTimeout(() => catch_up(place + MOST_AT_ONCE), 0);
  else {
    stale = moved_away;
    if (!moved_away) step(Math.min(at, data.steps.length));
  }
}

// The operations of what an arrow leads into: one, those of a sum, or those of a closed layer.
function members_of(id) {
  const number = Number(/^.(\d+)/.exec(id)[1]), { members } = states[current];
  if (id[0] === "o") return [number];
  if (id[0] === "f") return members[id] || [];
  if (id[0] === "v") {
    const { producer } = data.values[number];
    return Object.values(members).find((some) => some.includes(producer)) || (producer === null ? [] : [producer]);
  }
  const within = (box) => box !== null && (box === number || within(data.boxes[box].parent));
  return data.operations.flatMap(([, , box], place) => (within(box) ? [place] : []));
}

// The derivative of a result in each value that enters the operations that compute it.
let chains = new Map();
function chain(members, result) {
  if (chains.has(result)) return chains.get(result);
  const adjoints = new Map([[result, 1]]);
  for (const place of [...members].reverse()) {
    const { operands, result: made, slopes } = program.operations[place], adjoint = adjoints.get(made);
    if (adjoint !== undefined) operands.forEach((value, side) => adjoints.set(value, (adjoints.get(value) ?? 0) + adjoint * slopes[side]));
  }
  chains.set(result, adjoints);
  return adjoints;
}

// The label at an arrow's head and its tooltip: the local gradients of the uses of a value, or the derivative through a
// sum or a closed layer.
function label_of({ group, from, to }) {
  const text = group.querySelector("text"), title = group.querySelector("title"), value = Number(/^v(\d+)/.exec(from)?.[1] ?? -1);
  const told_first = /^(.*(?:local gradient|through the layer) )/.exec(title?.textContent)?.[1];
  if (!program || value < 0 || (!text && !told_first)) return [];
  const members = members_of(to), [place] = members, result = members.length > 1 ? Number((to[0] === "v" ? to : after.get(to)?.[0] || "").slice(1)) : null;
  if (!members.length || (members.length === 1 && !program.operations[place].operands.includes(value))) return [];
  const slopes = () => (members.length > 1 ? [chain(members, result).get(value)] : program.operations[place].operands.flatMap((operand, side) => (operand === value ? [program.operations[place].slopes[side]] : [])));
  const orders = members.length > 1 ? [] : program.operations[place].operands.flatMap((operand, side) => (operand === value ? [program.operations[place].order[side] || ""] : []));
  const words = () => {
    const parts = slopes().map((slope, use) => `${orders[use] || ""} ${shown(slope)}`.trim());
    return parts.slice(0, 3).join(" + ") + (parts.length > 3 ? " + …" : "");
  };
  const as_drawn = title?.textContent, told = () => !moved_away ? as_drawn : told_first + slopes().map((slope) => exact(slope + 0)).join(" + ");
  const label = { part: group, from, text, title: told_first && title, value, words, told, order: orders.filter(Boolean).join(" + ") };
  if (!text) return [label];
  const size = Number(text.getAttribute("font-size")), box = text.getBBox(), head = group.querySelector("polygon")?.getBBox();
  // It grows away from its arrow's head.
  const ends = head && head.x + head.width / 2 > box.x + box.width / 2;
  text.setAttribute("text-anchor", ends ? "end" : "start");
  text.setAttribute("x", (ends ? box.x + box.width : box.x).toFixed(2));
  return [Object.assign(label, { size, room: Math.max(text.getComputedTextLength() + 3, 32), says: text.textContent })];
}

// Grounds that show the size of a number: as strong as in the drawing for the same part of the largest.
function paint() {
  if (!data.tints) return;
  const number_of = (value) => (data.tints.by === "value" ? program.values[value] : program.gradients[value]);
  const sizes = wires.map(({ number }) => Math.abs(number_of(number))).filter((size) => size > 0 && size < Infinity);
  const largest = Math.max(...sizes, 0) || 1;
  for (const { group, number } of wires) {
    const ground = group.querySelector("polygon"), amount = number_of(number);
    if (!ground) continue;
    const level = data.tints.steps.filter((step) => Math.abs(amount) >= step * largest).length;
    const tint = amount === null || !amount ? data.tints.none : (amount > 0 ? data.tints.above : data.tints.below)[level];
    set(ground, "fill", tint);
  }
}

// Descent.

function tell_loss() {
  const [output] = program.outputs;
  $("loss").textContent = moved_away ? `${called(output) === told(output) ? "result" : called(output)} ${told(output)}, drawn with ${shown(drawn_values[output])}${taken ? `, after ${taken} step${taken === 1 ? "" : "s"}` : ""}` : "";
}

function descend(count) {
  const rate = Number($("rate").value);
  for (let turn = 0; turn < count; turn++) {
    const pairs = [...boxes_of_leaves].filter(([value, { box }]) => box.checked && program.gradients[value] !== null).map(([value]) => [value, program.values[value] - rate * program.gradients[value]]);
    if (!pairs.length || !pairs.every(([, number]) => Number.isFinite(number))) {
      train(false);
      warning = pairs.length ? "Descent stops: a step is no number any more. A smaller rate may help." : "Descent moves nothing: tick the leaves that it may move.";
      return refresh();
    }
    taken += 1;
    if (!move(pairs)) return train(false);
  }
}

function train(on) {
  clearInterval(training);
  training = on ? setInterval(() => descend(1), 100) : null;
  $("train").textContent = on ? "pause" : "train";
}

function python() {
  const lines = data.live.leaves.filter(([value]) => data.values[value] && data.values[value].search).map(([value]) => `${data.values[value].search} = ${program.values[value]}`);
  Object.assign($("python"), { value: lines.join("\n").replaceAll("Infinity", "float('inf')").replaceAll("NaN", "float('nan')"), hidden: false });
  $("python").select();
  navigator.clipboard?.writeText($("python").value).catch(() => {});
}

$("move").addEventListener("click", () => {
  $("inputs").hidden = !$("inputs").hidden;
  $("move").setAttribute("aria-expanded", String(!$("inputs").hidden));
  resized();
  if (!$("inputs").hidden) $("inputs").querySelector("input")?.focus();
});
$("reset").addEventListener("click", () => {
  train(false);
  move([...boxes_of_leaves.keys()].map((value) => [value, drawn_values[value]]));
});
$("code").addEventListener("click", python);
$("descend").addEventListener("click", () => descend(1));
$("descend-ten").addEventListener("click", () => descend(10));
$("train").addEventListener("click", () => train(training === null));

// The quiz: gradients from the end backward, each shown once it is found.

let questions = [];

function begin_quiz() {
  const given = new Set((data.live ? data.live.seeds : []).map(([value]) => value));
  for (const [, , , gradients] of data.steps.filter(([phase]) => phase === "backward")) {
    for (const [value, words, complete] of gradients) if (complete && !given.has(value) && data.values[value] && !asked.has(value)) {
      asked.add(value);
      questions.push([value, words]);
    }
  }
  // No tooltip tells what is asked for.
  for (const { picture } of states) for (const title of picture.querySelectorAll("title")) title.textContent = title.textContent.split(/, ∂ = |,? ?local gradient|gradient through/)[0];
  $("quiz").hidden = questions.length === 0;
  $("player").hidden = $("move").hidden = true;
  document.documentElement.classList.add("quizzed");
  ask();
}

function ask() {
  const [question] = questions;
  $("question").textContent = question ? `∂ of ${data.values[question[0]].name || `the value ${data.values[question[0]].number}`} = ` : `All gradients are found.`;
  for (const id of ["answer", "hint", "tell"]) $(id).hidden = !question;
  $("quiz").querySelector("[type=submit]").hidden = !question;
  $("answer").value = "";
}

function found(words) {
  const [[value, number]] = questions;
  questions.shift();
  asked.delete(value);
  $("mark").value = `${words} ∂ ${data.values[value].name || ""} = ${number}`;
  for (const wire of wires) if (wire.number === value && wire.texts[1]) wire.texts[1].says = number;
  refresh();
  ask();
}

$("quiz").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!questions.length) return;
  const read = (text) => Number(text.trim().replaceAll("−", "-").replace(",", ".").replace("∞", "Infinity"));
  const [wanted, given] = [read(questions[0][1]), read($("answer").value)];
  // To one part in a hundred: half a unit of what the picture shows of a number of four digits is much less.
  const right = $("answer").value.trim() !== "" && (Object.is(given, wanted) || Math.abs(given - wanted) <= 0.01 * Math.abs(wanted) + 1e-12);
  if (right) found("Right:");
  else $("mark").value = "Not yet: within 1 %.";
});
$("hint").addEventListener("click", () => {
  const [value] = questions[0];
  const uses = data.live ? program.operations.flatMap(({ operands, result }, place) => operands.includes(value) ? [`∂ ${called(result)} times the local gradient of ${data.operations[place][0]}`] : []) : [];
  $("mark").value = uses.length ? `It is ${uses.join(", plus ")}.` : "It is the gradient behind it, times the local gradient.";
});
$("tell").addEventListener("click", () => found("It is"));
