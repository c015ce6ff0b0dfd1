// Shows every vector about tokens and decisions to the library as WebAssembly, and compares its answers with the files.
// node judge.mjs FILE.wasm VECTORS

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

const OTHERS = new Set(["catalogue", "checkpoints", "gateway", "logs", "records"]);
/** Fewer files than this are no suite. */
const FLOOR = 250;

const [, , program, vectors] = process.argv;
const { instance } = await WebAssembly.instantiate(readFileSync(program), {});
const { memory, room, judge, answer_at } = instance.exports;

function answer(bytes) {
  // Memory may have moved whenever the library has run.
  const at = room(bytes.length);
  new Uint8Array(memory.buffer, at, bytes.length).set(bytes);
  const length = judge();
  return new TextDecoder().decode(new Uint8Array(memory.buffer, answer_at(), length));
}

/** What the headers of a file say. */
function expected(text) {
  const headers = new Map(
    text
      .slice(0, text.indexOf("\n\n"))
      .split("\n")
      .map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
  );
  return ["expect", "code", "block"].map((name) => headers.get(name) ?? "-").join(" ");
}

let [files, wrong] = [0, 0];
const layers = new Map();
for (const family of readdirSync(vectors, { withFileTypes: true })) {
  if (!family.isDirectory() || OTHERS.has(family.name)) continue;
  for (const name of readdirSync(join(vectors, family.name)).sort()) {
    const bytes = readFileSync(join(vectors, family.name, name));
    const [found, wanted] = [answer(bytes), expected(bytes.toString("utf8"))];
    files += 1;
    layers.set(wanted.split(" ")[0], (layers.get(wanted.split(" ")[0]) ?? 0) + 1);
    if (found !== wanted) {
      wrong += 1;
      console.error(`${family.name}/${name}: ${found}, and not ${wanted}`);
    }
  }
}
// A program that says what it is told would pass so far: another expectation must not be met.
const sample = readFileSync(join(vectors, "scenarios", "biscuit-011.txt"), "utf8");
const other = sample.replace("code: deny-scope", "code: deny-ratchet");
if (other === sample || answer(Buffer.from(other)) !== expected(sample)) {
  console.error("another expectation changes the answer");
  wrong += 1;
}
const counts = [...layers].sort().map(([layer, count]) => `${layer} ${count}`);
console.log(`${files} vectors on WebAssembly, ${wrong} answered otherwise (${counts.join(", ")})`);
process.exit(wrong === 0 && files >= FLOOR ? 0 : 1);
