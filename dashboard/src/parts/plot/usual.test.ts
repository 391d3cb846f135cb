import { describe, expect, it } from "vitest";
import { bandRuns, isStrange, strangeTimes } from "./usual";

const at = (minute: number): string => new Date(Date.UTC(2026, 10, 25, 2, minute)).toISOString();
const MI = 2 ** 20;
const expected = (minutes: readonly number[]) =>
  minutes.map((minute) => ({ at: at(minute), low: 90 * MI, high: 120 * MI }));
const anomaly = (changes = {}) => ({
  since: at(10),
  until: at(20),
  observed: 310 * MI,
  low: 90 * MI,
  high: 120 * MI,
  score: 0.9,
  ...changes,
});

describe("what is usual", () => {
  it("is a band that breaks where too little was known", () => {
    const runs = bandRuns({ expected: expected([1, 2, 3, 10, 11]), resolution_s: 60 });
    expect(runs.map((run) => run.length)).toEqual([3, 2]);
  });

  it("is not drawn of a single point, nor where nothing is known", () => {
    expect(bandRuns({ expected: expected([1]), resolution_s: 60 })).toEqual([]);
    expect(bandRuns({ expected: null, resolution_s: 60 })).toEqual([]);
  });
});

describe("an anomaly", () => {
  it("is said with what is usual, newest first", () => {
    const anomalies = [anomaly(), anomaly({ since: at(30), until: null, observed: 10 * MI })];
    expect(strangeTimes({ id: "a", unit: "bytes", anomalies }).map(({ words }) => words)).toEqual([
      "down to 10 Mi where 90 Mi to 120 Mi is usual",
      "up to 310 Mi where 90 Mi to 120 Mi is usual",
    ]);
  });

  it("covers its time and not its end; one that lasts covers all after it", () => {
    const ended = { anomalies: [anomaly()] };
    const covered = [9, 10, 19, 20].map((minute) => isStrange(ended, Date.parse(at(minute))));
    expect(covered).toEqual([false, true, true, false]);
    expect(isStrange({ anomalies: [anomaly({ until: null })] }, Date.parse(at(50)))).toBe(true);
  });
});
