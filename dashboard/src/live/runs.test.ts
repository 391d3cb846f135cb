import { describe, expect, it } from "vitest";
import { plan, run } from "../testing/run-samples";
import { at, hello } from "../testing/samples";
import type { Delta } from "./frames";
import { together, waitingFirst } from "./runs";
import { applyAll, NOTHING, RUNS_KEPT } from "./world";

const frame = (seq: number, data: ReturnType<typeof run>): Delta => ({
  type: "execution",
  seq,
  prev: seq - 1,
  at: at(0),
  data,
});

describe("runs", () => {
  it("are those of the list as the stream has them since, newest first", () => {
    const listed = [run("a"), run("b", { requested_at: at(5) })];
    const heard = [run("a", { status: "running", version: 2 }), run("c", { requested_at: at(9) })];
    expect(together(listed, heard).map(({ id, status }) => [id, status])).toEqual([
      ["c", "awaiting_approval"],
      ["b", "awaiting_approval"],
      ["a", "running"],
    ]);
  });

  it("of one incident take nothing of another from the stream", () => {
    expect(together([], [run("a", { incident_id: "inc_b" })], { incident_id: "inc_a" })).toEqual([]);
  });

  it("never go back to an older version", () => {
    const world = applyAll(NOTHING, [
      hello(10, "one"),
      frame(11, run("a", { version: 5, status: "done" })),
      frame(12, run("a", { version: 4, status: "running" })),
    ]);
    expect(world.runs.get("a")?.status).toBe("done");
    expect(together([run("a", { version: 6, status: "failed" })], world.runs.values())[0]?.status).toBe(
      "failed",
    );
  });

  it("are kept up to a number, and those that moved last stay", () => {
    const frames = Array.from({ length: RUNS_KEPT + 5 }, (_, i) => frame(11 + i, run(`r${i}`)));
    const again = frame(11 + frames.length, run("r5", { version: 2 }));
    const world = applyAll(applyAll(NOTHING, [hello(10, "one"), ...frames]), [again]);
    expect(world.runs.size).toBe(RUNS_KEPT);
    expect(world.runs.has("r4")).toBe(false);
    expect([...world.runs.keys()].at(-1)).toBe("r5");
  });

  it("that wait are told by the one that expires first", () => {
    const soon = run("soon", { plan: plan([], { expires_at: at(60) }) });
    expect(
      waitingFirst([run("later"), soon, run("over", { status: "expired" })]).map(({ id }) => id),
    ).toEqual(["soon", "later"]);
  });
});
