// Prints what a first visit downloads, gzipped, and fails when it is more than the design allows.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FOLDER = new URL("../../src/kronveil/api/console/", import.meta.url).pathname;
const LIMITS_KB = { js: 200, css: 20, woff2: 120 };

let names;
try {
  names = readdirSync(join(FOLDER, "assets"));
} catch {
  console.error("There is no built console yet; run: npm run build");
  process.exit(1);
}

let tooLarge = false;
for (const [ending, limit] of Object.entries(LIMITS_KB)) {
  const bytes = names
    .filter((name) => name.endsWith(`.${ending}`))
    .map((name) => readFileSync(join(FOLDER, "assets", name)))
    // Fonts are compressed already and are sent as they are.
    .reduce((sum, file) => sum + (ending === "woff2" ? file.length : gzipSync(file, { level: 9 }).length), 0);
  const kb = bytes / 1000;
  tooLarge ||= kb > limit;
  console.log(
    `${ending.padEnd(6)} ${kb.toFixed(1).padStart(7)} kB of ${limit} kB${kb > limit ? "   too large" : ""}`,
  );
}
process.exit(tooLarge ? 1 : 0);
