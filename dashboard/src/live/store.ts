// Joins the stream to React: one store, painted at most once a frame, that can stand still for its reader.
import { useSyncExternalStore } from "react";
import type { Cluster, Status } from "../api/types";
import type { Frame } from "./frames";
import type { Link } from "./indicator";
import type { Listener, Place } from "./stream";
import { applyAll, NOTHING, type Seed, seeded, type World } from "./world";

export type View = {
  /** What to draw: the newest world, or the one the reader paused at. */
  readonly world: World;
  readonly link: Link;
  readonly paused: boolean;
  /** Events that went by since the pause. */
  readonly wentBy: number;
};

const START: Link = {
  phase: "connecting",
  lastMessage: null,
  asOf: null,
  retryAt: null,
  why: null,
  signIn: false,
};

export class LiveStore implements Listener {
  #world: World = NOTHING;
  #link: Link = START;
  #pausedAt: { world: World; asOf: number | null } | null = null;
  #view: View = { world: NOTHING, link: START, paused: false, wentBy: 0 };
  #listeners = new Set<() => void>();
  #painting = false;
  /** server time − monotonic time, from the agent's newest heartbeat. */
  #skew: number | null = null;
  /** Asks the stream for a snapshot when the numbers have a hole. */
  onHole: () => void = () => {};

  constructor(
    private readonly now: () => number,
    private readonly nextFrame: (paint: () => void) => void,
  ) {}

  place = (): Place =>
    this.#world.seq !== null && this.#world.epoch !== null && !this.#world.hole
      ? { seq: this.#world.seq, epoch: this.#world.epoch }
      : null;

  connecting = (): void => {
    this.#link = { ...this.#link, phase: "connecting", retryAt: null };
    this.#changed();
  };

  received = (frames: readonly Frame[]): void => {
    const now = this.now();
    this.#world = applyAll(this.#world, frames);
    for (const frame of frames) {
      if (frame.type === "status") this.#skew = Date.parse(frame.data.server_time) - now;
      else if (frame.type === "hello") this.#skew = Date.parse(frame.at) - now;
    }
    this.#link = {
      phase: "open",
      lastMessage: now,
      asOf: this.serverNow(),
      retryAt: null,
      why: null,
      signIn: false,
    };
    this.#changed();
    if (this.#world.hole) this.onHole();
  };

  lost = (why: string, retryInMs: number | null, signIn = false): void => {
    const retryAt = retryInMs === null ? null : this.now() + retryInMs;
    this.#link = { ...this.#link, phase: retryInMs === null ? "refused" : "waiting", retryAt, why, signIn };
    this.#changed();
  };

  /** Lists fetched by REST while only the socket is blocked: real, but only as of `status.server_time`. */
  seed = (lists: Seed, status: Status): void => {
    if (this.#link.phase === "open") return;
    const at = Date.parse(status.server_time);
    this.#world = { ...seeded(this.#world, lists), status, seq: null, epoch: null };
    this.#skew = at - this.now();
    this.#link = { ...this.#link, asOf: at, why: "the agent answers, but its live stream does not open" };
    this.#changed();
  };

  clusterNews = (): number => this.#world.clusterNews;

  /** Ages and books of the clusters, which make no frame of their own; `news` is what was known when they were asked. */
  renewClusters = (clusters: readonly Cluster[], news: number): void => {
    if (news !== this.#world.clusterNews || this.#link.phase !== "open") return;
    this.#world = { ...this.#world, clusters: new Map(clusters.map((cluster) => [cluster.name, cluster])) };
    this.#changed();
  };

  pause = (): void => {
    this.#pausedAt = this.#pausedAt ? null : { world: this.#world, asOf: this.serverNow() };
    this.#changed();
  };

  forgetGap = (): void => {
    this.#world = { ...this.#world, gap: null };
    this.#changed();
  };

  /** The agent's clock now, or null before it said anything: a wrong laptop clock changes nothing. */
  serverNow = (): number | null => (this.#skew === null ? null : this.#skew + this.now());

  monotonicNow = (): number => this.now();

  /** The moment of the paused picture, if there is one. */
  pausedAsOf = (): number | null => this.#pausedAt?.asOf ?? null;

  view = (): View => this.#view;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  #changed(): void {
    if (this.#painting) return;
    this.#painting = true;
    this.nextFrame(() => {
      this.#painting = false;
      const shown = this.#pausedAt?.world ?? this.#world;
      this.#view = {
        world: shown,
        link: this.#link,
        paused: this.#pausedAt !== null,
        wentBy: this.#world.eventsSeen - shown.eventsSeen,
      };
      for (const listener of this.#listeners) listener();
    });
  }
}

// A hidden tab gets no animation frames; the timeout keeps its title and state from falling behind.
const nextFrame = (paint: () => void): void => {
  if (document.visibilityState === "hidden") setTimeout(paint, 250);
  else requestAnimationFrame(paint);
};

export const live = new LiveStore(() => performance.now(), nextFrame);

/** Reads one part of the view; `pick` must return something the store already holds. */
export const useLive = <Part>(pick: (view: View) => Part): Part =>
  useSyncExternalStore(live.subscribe, () => pick(live.view()));
