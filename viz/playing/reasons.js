// What is said of a value after a move: the sentences of `explanations.py` and of `autograd/diagnosis/reasons.py`, of the
// page's own numbers. Read after live.js, whose `program` they are about.

const number_at = (value) => program.values[value], gradient_at = (value) => program.gradients[value];
const name_at = (value) => data.values[value]?.name || program.names[value] || "";
const told_as = (value) => (name_at(value) ? `${name_at(value)} = ${told(value)}` : told(value));
const kind_at = (value) => (program.conditions.has(value) ? "condition" : !program.varies[value] ? "constant" : program.producers[value] === undefined ? "variable" : "result");
const named = (place) => data.operations[place][0] + (data.operations[place][2] === null ? "" : ` in ${data.boxes[data.operations[place][2]].label}`);
const facts_of = (place) => program.kinds[program.operations[place].name];
const first_of = (words, most) => words.slice(0, most).join(", ") + (words.length > most ? ` and ${words.length - most} more` : "");
const operands_told = (place) => first_of(program.operations[place].operands.map(told_as), program.limits.terms);

// The term that each use of a value adds to its gradient, in the order of the backward sweep.
function terms_of(value) {
  return (program.used[value] || []).map(([place, side]) => {
    const { result, slopes } = program.operations[place], upstream = gradient_at(result);
    return { place, side, result, upstream, slope: slopes[side], amount: upstream === null ? null : upstream * slopes[side] };
  }).filter(({ upstream }) => upstream !== null);
}

function sum_of(amounts) {
  const { terms } = program.limits, [first, ...rest] = amounts.slice(0, terms);
  const signed = rest.map((amount) => (amount < 0 || Object.is(amount, -0) ? ` − ${shown(-amount)}` : ` + ${shown(amount)}`));
  return shown(first) + signed.join("") + (amounts.length > terms ? " + …" : "");
}

const saturated = (place, slope) => facts_of(place).vanishes === "saturated" && Math.abs(slope) < program.limits.small;

// For each value with no gradient to speak of the operations, and operands, whose local gradients stop it.
function stops_of_all() {
  const { small, reasons } = program.limits, stops = program.values.map(() => []);
  for (let value = stops.length - 1; value >= 0; value--) {
    const gradient = gradient_at(value), found = new Map();
    if (gradient === null || !(Math.abs(gradient) < small) || ["constant", "condition"].includes(kind_at(value))) continue;
    const all = terms_of(value).every(({ place, side, result, slope, amount }) => {
      if (!(Math.abs(amount) < small)) return false;
      if (gradient_at(result) === 0 || stops[result].length) {
        const further = stops[result].length ? stops[result] : [[-1, result]];
        for (const stop of further.slice(0, reasons + 1)) found.set(String(stop), stop);
        return true;
      }
      if (slope === 0 || saturated(place, slope)) found.set(`${place},${side}`, [place, side]);
      return found.has(`${place},${side}`);
    });
    if (all) stops[value] = [...found.values()];
  }
  return stops;
}

function why_of(value, stops) {
  const gradient = gradient_at(value), kind = kind_at(value), { reasons } = program.limits;
  if (gradient !== null && !Number.isFinite(gradient)) return why_no_number(value);
  if (program.recorded && gradient === null && (kind === "variable" || kind === "result") && leads_on().has(value)) return "Not reached: it only counts on the side of a choice that was not taken.";
  if (kind === "constant" || kind === "condition") return `A ${kind} has no gradient.`;
  if (gradient === null) return program.gradients.some((one) => one !== null) ? "Not reached: no path leads from it to the result that backward() started from." : "Its gradient is not known yet: backward() has not been run.";
  if (gradient !== 0 && !stops[value].length) return "";
  if (stops[value].length) {
    const all = [...new Set(stops[value].map(([place, side]) => stopped(place, side, stops)))];
    return all.slice(0, reasons).join(" ") + (all.length > reasons ? ` And ${all.length - reasons} more like that.` : "");
  }
  const terms = terms_of(value);
  if (!terms.length) return "backward() was given 0 to start from.";
  if (terms.some(({ amount }) => amount !== 0)) return `The terms of its gradient cancel: ${sum_of(terms.map(({ amount }) => amount))} = 0.`;
  return `In ${named(terms[0].place)} the gradient ${shown(terms[0].upstream)} · ${shown(terms[0].slope)} is too small for a number: it became 0.`;
}

// The values that results are computed from, whether or not a choice took them.
function leads_on() {
  const leading = new Set(program.outputs);
  for (const { result, operands } of [...program.operations].reverse()) if (leading.has(result)) operands.forEach((one) => leading.add(one));
  return leading;
}

function stopped(place, side, stops) {
  if (place < 0) return `All paths lead through ${told_as(side)}, whose gradient is 0. ${why_of(side, stops)}`;
  const { name, operands, slopes } = program.operations[place], value = operands[side], number = number_at(value), words = told_as(value);
  const others = operands.filter((one) => one !== value), { vanishes } = facts_of(place);
  if (vanishes === "largest" && others.length === 1 && number_at(others[0]) === 0 && kind_at(others[0]) === "constant") return `Dead ReLU: its input ${words} is ${number < 0 ? "below 0" : "0"}, where max(x, 0) is flat.`;
  if ((vanishes === "largest" || vanishes === "smallest") && others.length) return `${named(place)} passes on only the ${vanishes} operand, and ${words} is not it.`;
  if (vanishes === "product") {
    const zeros = others.filter((one) => number_at(one) === 0).slice(0, 2).map(told_as);
    return `In ${named(place)} ${words} is multiplied by 0${zeros.length ? `: ${zeros.join(" and ")}` : ""}.`;
  }
  if (vanishes === "flat") return `${named(place)} is flat: its slope is 0 wherever it has one.`;
  if (vanishes === "saturated") return `Saturated ${name}: at ${words} it is so flat that its slope is ${shown(slopes[side])}.`;
  return `The local gradient of ${named(place)} at ${words} is 0${number === 0 ? ": a kink or an extremum" : ""}.`;
}

// The first operation on the backward sweep that made a gradient infinite or nan.
function why_no_number(value) {
  const terms = terms_of(value), bad = terms.find(({ amount }) => !Number.isFinite(amount));
  if (!terms.length) return `The backward sweep was started with ${shown(gradient_at(value))} at ${told_as(value)}.`;
  if (!bad) return `The terms of the gradient of ${told_as(value)} have no finite sum: ${sum_of(terms.map(({ amount }) => amount))} = ${shown(gradient_at(value))}.`;
  const { place, slope, upstream, amount, result } = bad;
  if (!Number.isFinite(upstream)) return why_no_number(result);
  if (Number.isFinite(slope)) return `In ${named(place)} the gradient overflows: ${shown(upstream)} · ${shown(slope)} = ${shown(amount)}.`;
  const wrong = [...program.operations[place].operands, result].find((one) => !Number.isFinite(number_at(one)));
  if (wrong !== undefined) return `It comes from a value that is no number. ${why_not_finite(wrong)}`;
  const needs = needs_of(place), zero = upstream === 0 ? ` 0 · ${shown(slope)} is nan; \`where\` would leave out the term that doesn't count.` : "";
  return `The local gradient of ${named(place)} is ${shown(slope)} at ${operands_told(place)}${needs ? `: ${needs}` : ""}.${zero}`;
}

// The first operation with finite operands on a way to an infinite value or nan.
function why_not_finite(value) {
  const place = program.producers[value];
  if (place === undefined) return `${told_as(value)} came in as it is: no operation computed it.`;
  const { name, operands } = program.operations[place], bad = operands.find((one) => !Number.isFinite(number_at(one)));
  if (bad !== undefined) return why_not_finite(bad);
  const [words, needs, at] = [named(place), needs_of(place), operands_told(place)], result = shown(number_at(value));
  if (needs) return `The value of ${words} is ${result} at ${at}: ${needs}.`;
  if (Number.isNaN(number_at(value))) return `${words} has no value at ${at}: nan.`;
  // Beside a pole numbers are finite; where they are too large they are beside it, too.
  const beside = value_of(name, operands.map((one) => number_at(one) + Math.max(1, Math.abs(number_at(one))) * 2 ** -20));
  return Number.isFinite(beside) ? `${words} has a pole at ${at}: ${result}.` : `The value of ${words} is too large for a number at ${at}: ${result}.`;
}

function needs_of(place) {
  const { operands } = program.operations[place];
  const needs = facts_of(place).needs.filter(([low, high], side) => !(numeric(low) < number_at(operands[side]) && number_at(operands[side]) < numeric(high))).map(([, , words]) => words).filter(Boolean);
  return needs.length ? `it needs ${needs.join(" and ")}` : "";
}

// The lines about a value, and whether the last of them is the reason of its gradient.
function told_anew(value) {
  const place = program.producers[value], gradient = gradient_at(value), has_gradient = data.values[value].gradient !== "", { terms: most } = program.limits;
  const lines = [place === undefined ? data.values[value].lines[0] : `Computed by ${named(place)} from ${operands_told(place)}.`];
  if (has_gradient && gradient !== null) {
    const terms = terms_of(value);
    if (!terms.length && program.outputs.includes(value)) lines.push("The backward sweep starts here.");
    for (const { place: by, upstream, slope, amount } of terms.slice(0, most)) lines.push(`From ${named(by)}: ∂ ${shown(upstream)} · local gradient ${shown(slope)} = ${shown(amount)}`);
    if (terms.length > most) lines.push(`and ${terms.length - most} terms more`);
  }
  const why = why_of(value, stops_of_all());
  return [why ? [...lines, why] : lines, Boolean(why) && has_gradient];
}

// The lines about an operation.
function told_of(place) {
  const { operands, result, slopes } = program.operations[place], upstream = gradient_at(result);
  const forward = `forward: ${data.operations[place][0]} of ${operands_told(place)} is ${told_as(result)}`;
  if (upstream === null) return [forward];
  const passed = operands.flatMap((value, side) => (program.varies[value] ? [`backward: ∂ of ${called(value)} gets ${shown(upstream)} · ${shown(slopes[side])} = ${shown(upstream * slopes[side])}`] : []));
  return [forward, ...passed.slice(0, program.limits.terms)];
}
