import { describe, expect, it } from "vitest";
import { indicator, type Link } from "./indicator";

const OPEN: Link = {
  phase: "open",
  lastMessage: 1000,
  asOf: 5_000_000,
  retryAt: null,
  why: null,
  signIn: false,
};

describe("the live indicator", () => {
  it("is connecting before the first word", () => {
    const link: Link = {
      phase: "connecting",
      lastMessage: null,
      asOf: null,
      retryAt: null,
      why: null,
      signIn: false,
    };
    expect(indicator(link, 0, false, null)).toEqual({ word: "Connecting" });
  });

  it("is live for five seconds of silence", () => {
    expect(indicator(OPEN, 6000, false, null).word).toBe("Live");
  });

  it("is delayed from five to fifteen seconds, and says for how long", () => {
    expect(indicator(OPEN, 6001, false, null)).toEqual({ word: "Delayed", silent_s: 5 });
    expect(indicator(OPEN, 16_000, false, null).word).toBe("Delayed");
  });

  it("is disconnected after fifteen seconds even while the socket looks open", () => {
    expect(indicator(OPEN, 16_001, false, null)).toMatchObject({ word: "Disconnected", since: 5_000_000 });
  });

  it("counts down to the next try when the connection is lost", () => {
    const link: Link = { ...OPEN, phase: "waiting", retryAt: 5000, why: "the agent does not answer" };
    expect(indicator(link, 1500, false, null)).toEqual({
      word: "Disconnected",
      since: 5_000_000,
      retry_s: 4,
      why: "the agent does not answer",
    });
  });

  it("stays disconnected during the next try, also when it never was connected", () => {
    expect(indicator({ ...OPEN, phase: "connecting" }, 1500, false, null).word).toBe("Disconnected");
    const never: Link = {
      phase: "connecting",
      lastMessage: null,
      asOf: null,
      retryAt: null,
      why: "no answer",
      signIn: false,
    };
    expect(indicator(never, 0, false, null).word).toBe("Disconnected");
  });

  it("is paused by the reader, but a lost connection weighs more", () => {
    expect(indicator(OPEN, 1500, true, null).word).toBe("Paused");
    expect(indicator({ ...OPEN, phase: "waiting" }, 1500, true, null).word).toBe("Disconnected");
  });

  it("is catching up while the past is replayed", () => {
    expect(indicator(OPEN, 1500, false, 42)).toEqual({ word: "Catching up", replayed: 42 });
  });
});
