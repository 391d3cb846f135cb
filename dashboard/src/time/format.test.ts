import { describe, expect, it } from "vitest";
import {
  absolute,
  clock,
  count,
  duration,
  offset,
  plural,
  secondsSince,
  shortDuration,
  zoneName,
} from "./format";

const MS = Date.parse("2026-11-25T02:03:41.250Z");

describe("durations", () => {
  it.each([
    [0, "0 s"],
    [43.9, "43 s"],
    [252, "4 min 12 s"],
    [363, "6 min 03 s"],
    [7500, "2 h 05 min"],
    [3 * 86_400 + 4 * 3600, "3 d 4 h"],
    [-5, "0 s"],
  ])("%d seconds are %s", (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });

  it("have a short form for narrow cells", () => {
    expect([59, 60, 3600, 86_400].map(shortDuration)).toEqual(["59 s", "1 min", "1 h", "1 d"]);
  });
});

describe("ages", () => {
  it("count to the given clock and never below zero", () => {
    expect(secondsSince("2026-11-25T02:03:00.000Z", MS)).toBeCloseTo(41.25);
    expect(secondsSince("2026-11-25T03:00:00.000Z", MS)).toBe(0);
  });

  it("are unknown for what was never seen or is no time", () => {
    expect(secondsSince(null, MS)).toBeNull();
    expect(secondsSince("soon", MS)).toBeNull();
  });
});

describe("moments", () => {
  it("name their zone", () => {
    expect(absolute(MS, "UTC", MS)).toBe("02:03:41 UTC");
    expect(absolute(MS, "Asia/Kolkata", MS)).toBe("07:33:41 GMT+5:30");
    expect(clock(MS, "America/New_York")).toBe("21:03:41");
    expect(zoneName(MS, "UTC")).toBe("UTC");
  });

  it("carry their date when it is not today's, by the reader's zone", () => {
    const later = Date.parse("2026-11-25T12:00:00Z");
    expect(absolute(MS, "UTC", later)).toBe("02:03:41 UTC");
    expect(absolute(MS, "America/New_York", later)).toBe("24 Nov 2026 21:03:41 GMT-5");
  });

  it("are written as offsets from the start", () => {
    expect(offset("2026-11-25T02:14:29Z", "2026-11-25T02:00:00Z")).toBe("+14:29");
    expect(offset("2026-11-25T03:02:03Z", "2026-11-25T02:00:00Z")).toBe("+1:02:03");
    expect(offset("2026-11-25T01:59:48Z", "2026-11-25T02:00:00Z")).toBe("−0:12");
  });
});

describe("counts", () => {
  it("say when they leave something out, and when nobody knows", () => {
    expect(count(12_481)).toBe("12,481");
    expect(count(12_481, false)).toBe("≥ 12,481");
    expect(count(null)).toBe("?");
    expect(count(0)).toBe("0");
  });

  it("agree with their noun", () => {
    expect([0, 1, 2].map((n) => plural(n, "cluster"))).toEqual(["0 clusters", "1 cluster", "2 clusters"]);
  });
});
