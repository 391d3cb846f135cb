// One WebSocket to the agent: opens it, resumes it, gives up on silence, and tries again for ever.
import type { Frame, Message } from "./frames";
import { LOST_AFTER_MS } from "./indicator";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;

/** What the stream needs of the outside, so that a test can be the outside. */
export type Outside = {
  open: (url: string) => WebSocket;
  now: () => number;
  after: (ms: number, act: () => void) => () => void;
  random: () => number;
  /** Gives a ticket to open one stream with, or null where none is needed or none was given. */
  ticket: (go: (ticket: string | null) => void) => void;
};

/** Where the page stands in the stream; null asks for a snapshot. */
export type Place = { seq: number; epoch: string } | null;

export type Listener = {
  place: () => Place;
  connecting: () => void;
  received: (frames: readonly Frame[]) => void;
  lost: (why: string, retryInMs: number | null, signIn: boolean) => void;
};

/** 1 s doubling to 30 s, each between half and all of it, so that pages of many readers spread out. */
export function waitBefore(attempt: number, random: number): number {
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** attempt);
  return Math.round(whole * (0.5 + random / 2));
}

/** What a close code means to the reader, and whether trying again can help. */
export function meaningOf(code: number): { why: string; retry: boolean } {
  if (code === 4401) return { why: "the agent asks for a sign-in", retry: false };
  if (code === 4403) return { why: "the agent refuses this page", retry: false };
  if (code === 4408) return { why: "this page was too slow for the stream", retry: true };
  if (code === 1001 || code === 1012) return { why: "the agent is stopping", retry: true };
  return { why: "the agent does not answer", retry: true };
}

export function streamUrl(origin: string, place: Place, ticket: string | null = null): string {
  const url = new URL("/api/v1/ws/events", origin);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.searchParams.set("batch", "1");
  if (place) {
    url.searchParams.set("since", String(place.seq));
    url.searchParams.set("epoch", place.epoch);
  }
  if (ticket) url.searchParams.set("ticket", ticket);
  return url.href;
}

export class Stream {
  #socket: WebSocket | null = null;
  #attempt = 0;
  /** Grows with each start and stop, so that a late ticket opens nothing. */
  #turn = 0;
  #cancelRetry: (() => void) | null = null;
  #cancelWatch: (() => void) | null = null;

  constructor(
    private readonly origin: string,
    private readonly listener: Listener,
    private readonly outside: Outside,
  ) {}

  start(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = null;
    this.listener.connecting();
    this.#turn += 1;
    const turn = this.#turn;
    this.outside.ticket((ticket) => {
      if (turn === this.#turn) this.#open(ticket);
    });
  }

  #open(ticket: string | null): void {
    const socket = this.outside.open(streamUrl(this.origin, this.listener.place(), ticket));
    this.#socket = socket;
    socket.onmessage = (message) => this.#read(socket, message.data);
    socket.onclose = (closed) => this.#lose(socket, closed.code);
    this.#watch(socket);
  }

  stop(): void {
    this.#turn += 1;
    this.#cancelRetry?.();
    this.#cancelWatch?.();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  /** Tries at once: the reader's button, the network coming back, or a place that no longer holds. */
  again(): void {
    this.stop();
    this.#attempt = 0;
    this.start();
  }

  #read(socket: WebSocket, text: unknown): void {
    if (socket !== this.#socket || typeof text !== "string") return;
    const message = JSON.parse(text) as Message;
    const frames = message.type === "batch" ? message.frames : [message];
    if (frames.some((frame) => frame.type === "hello")) this.#attempt = 0;
    if (frames.some((frame) => frame.type === "ping")) socket.send('{"type":"pong"}');
    this.#watch(socket);
    this.listener.received(frames);
  }

  // A half-open connection never closes by itself; silence is the only sign of it.
  #watch(socket: WebSocket): void {
    this.#cancelWatch?.();
    this.#cancelWatch = this.outside.after(LOST_AFTER_MS, () => {
      if (socket !== this.#socket) return;
      socket.close();
      this.#lose(socket, 0);
    });
  }

  #lose(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#cancelWatch?.();
    const { why, retry } = meaningOf(code);
    if (!retry) {
      this.listener.lost(why, null, code === 4401);
      return;
    }
    const wait = waitBefore(this.#attempt, this.outside.random());
    this.#attempt += 1;
    this.#cancelRetry = this.outside.after(wait, () => this.start());
    this.listener.lost(why, wait, false);
  }
}
