// Starts the one stream of this page, and falls back to REST lists while only the socket is blocked.
import { fetchClusters, fetchEvents, fetchIncidents, fetchStatus } from "../api/client";
import { live } from "./store";
import { Stream } from "./stream";

const after = (ms: number, act: () => void): (() => void) => {
  const timeout = setTimeout(act, ms);
  return () => clearTimeout(timeout);
};

const RENEW_MS = 5_000;
let stream: Stream | null = null;

/** Opens the stream; returns what closes it. */
export function startLive(): () => void {
  stream = new Stream(
    window.location.origin,
    {
      place: live.place,
      connecting: live.connecting,
      received: live.received,
      lost: (why, retryInMs) => {
        live.lost(why, retryInMs);
        // Without a place in the stream there is nothing to resume; lists are better than an empty page.
        if (live.place() === null) void readByRest();
      },
    },
    { open: (url) => new WebSocket(url), now: () => performance.now(), after, random: Math.random },
  );
  live.onHole = () => stream?.again();
  const wake = () => stream?.again();
  window.addEventListener("online", wake);
  stream.start();
  const renewing = setInterval(() => void renewClusters(), RENEW_MS);
  return () => {
    clearInterval(renewing);
    window.removeEventListener("online", wake);
    stream?.stop();
  };
}

export const retryNow = (): void => stream?.again();

// A frame comes when a cluster's state changes, not when only its ages and books move on.
async function renewClusters(): Promise<void> {
  if (document.visibilityState === "hidden" || live.view().link.phase !== "open") return;
  const news = live.clusterNews();
  try {
    live.renewClusters(await fetchClusters(), news);
  } catch {
    // The stream is the judge of the connection; old ages only grow meanwhile.
  }
}

async function readByRest(): Promise<void> {
  try {
    const [incidents, clusters, events, status] = await Promise.all([
      fetchIncidents({}, 500),
      fetchClusters(),
      fetchEvents(),
      fetchStatus(),
    ]);
    const lists = { incidents: incidents.items, clusters, events, fleet: status.fleet, health: null };
    live.seed(lists, status);
  } catch {
    // The indicator already says that nothing answers; the next retry asks again.
  }
}
