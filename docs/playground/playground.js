// The page: an editor, whose program a worker runs, and the picture that comes of it. The program is in the address.

const $ = (id) => document.getElementById(id);
const PAUSE = 150; // milliseconds without a key, after which what was written is run
const program = $("program");
let worker = null, ready = false, number = 0, waiting = null, later = null, wrong = 0, programs = [];

function tell(words) {
  $("state").textContent = words;
}

function fail(words, line = 0) {
  $("error").textContent = words;
  $("error").hidden = !words;
  wrong = line;
  numbered();
}

// The editor: it is as high as its text, so that numbers and lines scroll together.
function numbered() {
  const count = program.value.split("\n").length, lines = [];
  for (let line = 1; line <= count; line++) {
    const item = document.createElement("span");
    item.textContent = line;
    if (line === wrong) item.className = "wrong";
    lines.push(item, "\n");
  }
  $("numbers").replaceChildren(...lines);
  program.rows = count + 1;
  program.cols = Math.max(...program.value.split("\n").map((line) => line.length)) + 2;
}

// A worker, so that the page stays alive whatever the program does.
function begin() {
  ready = false;
  tell("Python is loading …");
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => (data.kind === "ready" ? loaded() : shown(data));
  worker.onerror = (event) => {
    tell("");
    fail(`The engine can't be loaded here: ${event.message || "a file of this folder is missing, or the browser is too old"}.`);
  };
}

function loaded() {
  ready = true;
  tell("");
  if (waiting) send();
}

function run() {
  clearTimeout(later);
  number += 1;
  waiting = { number, program: program.value, live: $("live").checked };
  history.replaceState(null, "", `#program=${encodeURIComponent(program.value)}`);
  if (ready) send();
}

function send() {
  worker.postMessage(waiting);
  waiting = null;
  $("stop").disabled = false;
  tell("running …");
}

function shown(answer) {
  if (answer.number !== number) return;
  $("stop").disabled = true;
  tell(answer.error ? "" : `${Math.round(answer.milliseconds)} ms`);
  $("printed").textContent = answer.printed;
  fail(answer.error ? `${answer.line ? `line ${answer.line}: ` : ""}${answer.error}` : "", answer.line);
  // A picture stays while its program is wrong for a moment.
  if (answer.picture) $("picture").srcdoc = answer.picture;
  document.documentElement.dataset.answered = answer.number;
}

function stop() {
  worker.terminate();
  $("stop").disabled = true;
  fail("Stopped.");
  begin();
}

function open(text) {
  program.value = text;
  $("examples").selectedIndex = programs.findIndex((example) => example.text === text);
  fail("");
  run();
}

function from_address() {
  const match = /^#program=(.*)$/s.exec(location.hash);
  if (!match) return null;
  try {
    return decodeURIComponent(match[1]);
  } catch {
    return null; // an address that was cut off
  }
}

program.addEventListener("input", () => {
  fail("");
  clearTimeout(later);
  later = setTimeout(run, PAUSE);
});
program.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  } else if (event.key === "Enter") {
    // The next line begins where this one does, and further in after a colon.
    event.preventDefault();
    const line = program.value.slice(0, program.selectionStart).split("\n").at(-1);
    write(`\n${/^\s*/.exec(line)[0]}${line.trimEnd().endsWith(":") ? "    " : ""}`);
  } else if (event.key === "Tab" && !event.shiftKey && !event.altKey && !event.ctrlKey) {
    event.preventDefault();
    write("    ");
  }
});

function write(text) {
  program.setRangeText(text, program.selectionStart, program.selectionEnd, "end");
  program.dispatchEvent(new Event("input"));
}

$("run").addEventListener("click", run);
$("stop").addEventListener("click", stop);
$("live").addEventListener("change", run);
$("share").addEventListener("click", async () => {
  run();
  try {
    await navigator.clipboard.writeText(location.href);
    $("share").textContent = "copied";
    setTimeout(() => ($("share").textContent = "copy link"), 1500);
  } catch {
    tell("The link is in the address bar.");
  }
});
$("error").addEventListener("click", () => {
  if (!wrong) return;
  const lines = program.value.split("\n"), start = lines.slice(0, wrong - 1).join("\n").length + (wrong > 1 ? 1 : 0);
  program.focus();
  program.setSelectionRange(start, start + lines[wrong - 1].length);
});
addEventListener("hashchange", () => {
  const text = from_address();
  if (text !== null && text !== program.value) open(text);
});

if (typeof WebAssembly === "undefined") {
  fail("Python runs here as WebAssembly, which this browser does not have, or has turned off.");
} else {
  begin();
  programs = await (await fetch("programs.json")).json();
  for (const { title } of programs) $("examples").append(new Option(title));
  $("examples").addEventListener("change", () => open(programs[$("examples").selectedIndex].text));
  open(from_address() ?? programs[0].text);
}
