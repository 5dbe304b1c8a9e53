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

async function load() {
  const parts = [bytes("engine.zip"), instance(), loadPyodide({ indexURL: "./pyodide/", lockFileContents: LOCK })];
  const [engine, graphviz, python] = await Promise.all(parts);
  python.unpackArchive(engine, "zip", { extractDir: "/engine" });
  python.globals.set("_lay_out", (dot, kind) => graphviz.renderString(dot, { format: kind }));
  // Not compiled, and not asked why.
  python.runPython("import os, sys; os.environ['AUTOGRAD_COMPILE'] = 'no'; sys.path.insert(0, '/engine')");
  const run = python.pyimport("playground_driver").start(python.globals.get("_lay_out"));
  return (program, live) => JSON.parse(run(program, live));
}

const loading = load();
loading.then(() => postMessage({ kind: "ready" }), (error) => setTimeout(() => { throw error; }));
onmessage = async ({ data }) => {
  const run = await loading, begin = performance.now();
  postMessage({ ...run(data.program, data.live), number: data.number, milliseconds: performance.now() - begin });
};
