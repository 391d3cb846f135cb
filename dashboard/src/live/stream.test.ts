import { beforeEach, describe, expect, it } from "vitest";
import { event, hello, sent } from "../testing/samples";
import type { Frame } from "./frames";
import { meaningOf, type Outside, type Place, Stream, streamUrl, waitBefore } from "./stream";

/** A socket and a clock that only move when the test says so. */
class Wire implements Outside {
  time = 0;
  urls: string[] = [];
  sockets: {
    onmessage?: (m: { data: string }) => void;
    onclose?: (c: { code: number }) => void;
    said: string[];
  }[] = [];
  timers: { at: number; act: () => void }[] = [];

  open = (url: string): WebSocket => {
    this.urls.push(url);
    const socket = { said: [] as string[], send: (text: string) => socket.said.push(text), close: () => {} };
    this.sockets.push(socket);
    return socket as unknown as WebSocket;
  };
  now = () => this.time;
  random = () => 1;
  ticket = (go: (ticket: string | null) => void) => go(null);
  after = (ms: number, act: () => void) => {
    const timer = { at: this.time + ms, act };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((one) => one !== timer);
    };
  };
  say = (message: unknown) => this.sockets.at(-1)?.onmessage?.({ data: JSON.stringify(message) });
  hangUp = (code = 1006) => this.sockets.at(-1)?.onclose?.({ code });
  pass(ms: number) {
    this.time += ms;
    const due = this.timers.filter(({ at }) => at <= this.time);
    this.timers = this.timers.filter(({ at }) => at > this.time);
    for (const { act } of due) act();
  }
}

let wire: Wire;
let place: Place;
let received: Frame[];
let lost: [string, number | null, boolean][];
let stream: Stream;

beforeEach(() => {
  wire = new Wire();
  place = null;
  received = [];
  lost = [];
  stream = new Stream(
    "http://agent.example:8080",
    {
      place: () => place,
      connecting: () => {},
      received: (frames) => received.push(...frames),
      lost: (why, retryInMs, signIn) => lost.push([why, retryInMs, signIn]),
    },
    wire,
  );
  stream.start();
});

describe("the stream", () => {
  it("asks for a snapshot first, and for its own place afterwards", () => {
    expect(wire.urls[0]).toBe("ws://agent.example:8080/api/v1/ws/events?batch=1");
    place = { seq: 41, epoch: "one" };
    wire.hangUp();
    wire.pass(1000);
    expect(wire.urls[1]).toBe("ws://agent.example:8080/api/v1/ws/events?batch=1&since=41&epoch=one");
    expect(streamUrl("https://agent.example", null)).toMatch(/^wss:/);
  });

  it("hands on single frames and batches alike", () => {
    wire.say(hello(1, "one"));
    wire.say({ type: "batch", frames: [sent("event", 2, event("a")), sent("event", 3, event("b"))] });
    expect(received.map((frame) => frame.type)).toEqual(["hello", "event", "event"]);
  });

  it("answers a ping", () => {
    wire.say({ type: "ping" });
    expect(wire.sockets[0]?.said).toEqual(['{"type":"pong"}']);
  });

  it("waits longer after each failure, up to half a minute, and starts afresh after a hello", () => {
    for (const wait of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      wire.hangUp();
      expect(lost.at(-1)?.[1]).toBe(wait);
      wire.pass(wait);
    }
    wire.say(hello(1, "one"));
    wire.hangUp();
    expect(lost.at(-1)?.[1]).toBe(1000);
  });

  it("spreads the waits of many pages", () => {
    expect(waitBefore(0, 0)).toBe(500);
    expect(waitBefore(0, 1)).toBe(1000);
    expect(waitBefore(20, 0.5)).toBe(22_500);
  });

  it("gives up on a connection that has gone silent", () => {
    wire.say(hello(1, "one"));
    wire.pass(14_000);
    expect(lost).toEqual([]);
    wire.pass(1000);
    expect(lost).toHaveLength(1);
    wire.pass(1000);
    expect(wire.urls).toHaveLength(2);
  });

  it("ignores what an abandoned socket still says", () => {
    const first = wire.sockets[0];
    stream.again();
    first?.onmessage?.({ data: JSON.stringify(hello(1, "old")) });
    first?.onclose?.({ code: 1006 });
    expect(received).toEqual([]);
    expect(lost).toEqual([]);
  });

  it("asks who is there when the agent wants a token", () => {
    wire.hangUp(4401);
    expect(lost).toEqual([["the agent asks for a sign-in", null, true]]);
  });

  it("opens nothing with a ticket that comes too late", () => {
    let give: ((ticket: string | null) => void) | undefined;
    wire.ticket = (go) => {
      give = go;
    };
    stream.again();
    stream.stop();
    give?.("late");
    expect(wire.urls).toHaveLength(1);
    stream.start();
    give?.("fresh");
    expect(wire.urls[1]).toContain("ticket=fresh");
  });

  it("stays away when it is told to, and says why", () => {
    wire.hangUp(4403);
    expect(lost).toEqual([["the agent refuses this page", null, false]]);
    wire.pass(60_000);
    expect(wire.urls).toHaveLength(1);
    expect(meaningOf(4401).retry).toBe(false);
    expect(meaningOf(4408)).toEqual({ why: "this page was too slow for the stream", retry: true });
  });
});
