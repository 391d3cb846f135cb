// The word and shape in the top bar that say whether this page can be trusted.

import type { Indicator } from "../live/indicator";
import { useIndicator } from "../live/pulse";
import { Shape, type Tone } from "../parts/shape";
import { clock, zoneName } from "../time/format";
import { useZone } from "./preferences";

const TONES: Record<Indicator["word"], Tone> = {
  Connecting: "todo",
  Live: "ok",
  Paused: "todo",
  Delayed: "partial",
  "Catching up": "partial",
  Disconnected: "off",
};

export function LiveIndicator() {
  const state = useIndicator();
  const zone = useZone();
  return (
    <div
      className={`live live-${state.word.toLowerCase().replace(" ", "-")}`}
      role="status"
      data-live={state.word}
    >
      {state.word === "Live" ? (
        <span className="pulse" aria-hidden="true" />
      ) : (
        <Shape tone={TONES[state.word]} />
      )}
      <span className="live-word">{wordsOf(state, zone)}</span>
      <span className="live-more">{moreOf(state)}</span>
    </div>
  );
}

function wordsOf(state: Indicator, zone: string): string {
  if (state.word !== "Disconnected" || state.since === null) return state.word;
  return `Disconnected since ${clock(state.since, zone)} ${zoneName(state.since, zone)}`;
}

function moreOf(state: Indicator): string {
  if (state.word === "Delayed") return `last word ${state.silent_s} s ago`;
  if (state.word === "Catching up") return `replaying ${state.replayed}`;
  if (state.word !== "Disconnected") return "";
  const retry = state.retry_s === null ? "trying again" : `retry in ${state.retry_s} s`;
  return state.why?.startsWith("the agent asks") || state.why?.startsWith("the agent refuses")
    ? state.why
    : retry;
}
