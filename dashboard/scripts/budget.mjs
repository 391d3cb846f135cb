// Prints what a first visit downloads and what each lazy page adds, gzipped, and fails when it is more than the design allows.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const FOLDER = new URL("../../src/kronveil/api/console/", import.meta.url).pathname;
const FIRST_KB = { js: 200, css: 20, woff2: 120 };
const LATER_KB = { js: 60, css: 20 };

let names;
let page;
try {
  names = readdirSync(join(FOLDER, "assets"));
  page = readFileSync(join(FOLDER, "index.html"), "utf8");
} catch {
  console.error("There is no built console yet; run: npm run build");
  process.exit(1);
}

const kilobytes = (name) => {
  const file = readFileSync(join(FOLDER, "assets", name));
  // Fonts are compressed already and are sent as they are.
  return (name.endsWith(".woff2") ? file.length : gzipSync(file, { level: 9 }).length) / 1000;
};

let tooLarge = false;
function say(what, kb, limit) {
  tooLarge ||= kb > limit;
  console.log(
    `${what.padEnd(28)} ${kb.toFixed(1).padStart(7)} kB of ${limit} kB${kb > limit ? "   too large" : ""}`,
  );
}

// What the page itself names comes first; fonts come with its style.
const isFirst = (name) => name.endsWith(".woff2") || page.includes(name);
for (const [ending, limit] of Object.entries(FIRST_KB)) {
  const first = names.filter((name) => name.endsWith(`.${ending}`) && isFirst(name));
  say(
    `first visit, ${ending}`,
    first.reduce((sum, name) => sum + kilobytes(name), 0),
    limit,
  );
}
for (const name of names.filter((each) => /\.(js|css)$/.test(each) && !isFirst(each))) {
  const ending = name.split(".").at(-1);
  say(`later, ${name.replace(/-[\w-]{8}\./, ".")}`, kilobytes(name), LATER_KB[ending]);
}
process.exit(tooLarge ? 1 : 0);
