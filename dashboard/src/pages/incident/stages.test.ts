import { describe, expect, it } from "vitest";
import { at, detail } from "../../testing/samples";
import { receipts } from "./receipts";
import { stagesOf } from "./stages";

const words = (incident: Parameters<typeof stagesOf>[0]) =>
  stagesOf(incident).map(({ name, state, detail: more }) => [name, state, more]);

const entry = (what: string, actor: string, seconds = 60) => ({
  at: at(seconds),
  what,
  message: what,
  actor,
  event_id: null,
});

describe("the loop bar", () => {
  it("waits for a person after detection", () => {
    expect(words(detail("a"))).toEqual([
      ["Detected", "done", "1 event, 1 cluster"],
      ["Acknowledged", "now", "waits for a person"],
      ["Recovered", "ahead", "not observed yet"],
    ]);
  });

  it("names who acknowledged, and then waits for the recovery", () => {
    const incident = detail("a", {
      status: "acknowledged",
      acknowledged_by: "mara",
      timeline: [entry("acknowledged", "mara")],
    });
    const [, acknowledged, recovered] = stagesOf(incident);
    expect(acknowledged).toMatchObject({ state: "done", detail: "by mara", at: at(60) });
    expect(recovered?.state).toBe("now");
  });

  it("does not claim an observed recovery when a person closed it", () => {
    const incident = detail("a", {
      status: "resolved",
      resolved_at: at(90),
      timeline: [entry("resolved", "mara", 90)],
    });
    expect(words(incident)[2]).toEqual(["Resolved", "done", "by mara"]);
  });

  it("says that the recovery was observed when the agent saw it", () => {
    const incident = detail("a", {
      status: "resolved",
      resolved_at: at(90),
      timeline: [entry("resolved", "kronveil", 90)],
    });
    expect(words(incident)[1]).toEqual(["Acknowledged", "ahead", "was over before anyone did"]);
    expect(words(incident)[2]).toEqual(["Recovered", "done", "the recovery was observed"]);
  });
});

describe("receipts", () => {
  it("are numbered by time, so that a late list changes no number", () => {
    const evidence = ["b", "a"].map((id, index) => ({ id, message: id, at: at(10 - index * 5) }));
    expect(receipts(evidence as never).map(({ first }) => first.id)).toEqual(["a", "b"]);
  });
});
