// Writes into the generated types which schema they were made from, so that a test can see when they are out of date.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const schema = new URL("../openapi.json", import.meta.url);
const types = new URL("../src/api/schema.d.ts", import.meta.url);
const hash = createHash("sha256").update(readFileSync(schema)).digest("hex");
writeFileSync(types, `// openapi.json sha256 ${hash}\n${readFileSync(types, "utf8")}`);
