// What a person sets of a runbook's inputs, as it goes to the agent. Pure: the agent judges the values.
import type { Given } from "../../api/runs";
import type { Runbook } from "../../api/types";
import { plain } from "./words";

export type Input = Runbook["inputs"][number];
/** What stands in each field, by name; absent or empty: the default. */
export type Typed = Readonly<Record<string, string>>;

/** What was given to a run, JSON text by name, as it stands in fields. */
export const typedOf = (parameters: Readonly<Record<string, string>>): Typed =>
  Object.fromEntries(Object.entries(parameters).map(([name, json]) => [name, plain(json)]));

function typedValue({ type }: Input, text: string): Given[string] {
  if (type === "flag") return text === "true";
  // What is no number is sent as it is, so that the agent says what is wrong with it.
  if (type === "number") return text.trim() === "" || Number.isNaN(Number(text)) ? text : Number(text);
  return text;
}

export const givenFrom = (inputs: readonly Input[], typed: Typed): Given =>
  Object.fromEntries(
    inputs.flatMap((input) => {
      const text = typed[input.name] ?? "";
      return text.trim() === "" ? [] : [[input.name, typedValue(input, text)]];
    }),
  );

/** Names that must be given and are not yet. */
export const missingFrom = (inputs: readonly Input[], typed: Typed): string[] =>
  inputs
    .filter(({ name, default: usual }) => usual === null && !(typed[name] ?? "").trim())
    .map(({ name }) => name);
