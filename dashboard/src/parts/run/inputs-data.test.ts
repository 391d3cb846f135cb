import { describe, expect, it } from "vitest";
import { givenFrom, type Input, missingFrom, typedOf } from "./inputs-data";

const input = (name: string, type: Input["type"], changes: Partial<Input> = {}): Input => ({
  name,
  type,
  description: "",
  default: null,
  choices: [],
  ...changes,
});

const INPUTS = [
  input("percent", "number"),
  input("back", "flag", { default: "true" }),
  input("within", "duration", { default: '"1h"' }),
];

describe("what is given for inputs", () => {
  it("has the type of each, and leaves out what has its default", () => {
    expect(givenFrom(INPUTS, { percent: "50", back: "false", within: " " })).toEqual({
      percent: 50,
      back: false,
    });
    expect(givenFrom(INPUTS, {})).toEqual({});
  });

  it("keeps what is no number as it was typed, for the agent to refuse by name", () => {
    expect(givenFrom(INPUTS, { percent: "half" })).toEqual({ percent: "half" });
  });

  it("names what must be given", () => {
    expect(missingFrom(INPUTS, {})).toEqual(["percent"]);
    expect(missingFrom(INPUTS, { percent: "1" })).toEqual([]);
  });

  it("begins with what a run was given", () => {
    expect(typedOf({ percent: "50", within: '"30m"' })).toEqual({ percent: "50", within: "30m" });
  });
});
