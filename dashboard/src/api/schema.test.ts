import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

it("the generated types are those of the committed schema; else: npm run codegen", () => {
  const hash = createHash("sha256").update(readFileSync("openapi.json")).digest("hex");
  expect(readFileSync("src/api/schema.d.ts", "utf8").split("\n")[0]).toBe(`// openapi.json sha256 ${hash}`);
});
