// Runs in Node beside transformers.js: the scores of texts from standard input, as JSON.
import { readFileSync } from "node:fs";
import { env, pipeline } from "@huggingface/transformers";

const [folder, name] = process.argv.slice(2);
env.localModelPath = folder;
env.allowRemoteModels = false;
env.useFSCache = false;
const classify = await pipeline("text-classification", name);
const rows = [];
for (const text of JSON.parse(readFileSync(0, "utf-8"))) {
  rows.push(await classify(text, { top_k: null }));
}
process.stdout.write(JSON.stringify(rows));
