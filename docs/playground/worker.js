// Python, the engine and Graphviz, all as files of this folder. Messages are programs, answers what came of them.

import { loadPyodide } from "./pyodide/pyodide.mjs";
import { instance } from "./viz.js";

const bytes = async (path) => {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(`${path} is missing`);
  return new Uint8Array(await answer.arrayBuffer());
};

// There are no packages to load beside Python itself.
const LOCK = JSON.stringify({ info: { abi_version: "2026_0", arch: "wasm32", platform: "emscripten_5_0_3", version: "0", python: "3.14.2" }, packages: {} });

// The memory of a Python that has drawn the examples: `make playground` keeps it.
async function memory() {
  const packed = new Blob([await bytes("started")]).stream();
  return new Response(packed.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

// The memory that Pyodide makes is of 30 MB, which may be less than was kept: to ask for so much has it grow.
async function createPyodideModule(settings) {
  const { default: create } = await import("./pyodide/pyodide.asm.mjs");
  const module = await create(settings);
  module._malloc(settings.INITIAL_MEMORY);
  return module;
}

async function load() {
  const starting = loadPyodide({ indexURL: "./pyodide/", lockFileContents: LOCK, createPyodideModule, _loadSnapshot: memory() });
  const [engine, graphviz, python] = await Promise.all([bytes("engine.zip"), instance(), starting]);
  python.FS.writeFile("/engine.zip", engine);
  python.globals.set("_lay_out", (dot, kind) => graphviz.renderString(dot, { format: kind }));
  // Random numbers are those of the memory that was kept, unless they are begun anew.
  python.runPython("import random; random.seed()");
  const run = python.pyimport("playground_driver").start(python.globals.get("_lay_out"));
  return (program, live) => JSON.parse(run(program, live));
}

const loading = load();
loading.then(() => postMessage({ kind: "ready" }), (error) => setTimeout(() => { throw error; }));
onmessage = async ({ data }) => {
  const run = await loading, begin = performance.now();
  postMessage({ ...run(data.program, data.live), number: data.number, milliseconds: performance.now() - begin });
};
