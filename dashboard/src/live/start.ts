// Starts the one stream of this page, and falls back to REST lists while only the socket is blocked.
import {
  fetchChanges,
  fetchClusters,
  fetchEvents,
  fetchIncidents,
  fetchStatus,
  fetchTicket,
} from "../api/client";
import { currentToken } from "../api/session";
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
      lost: (why, retryInMs, signIn) => {
        live.lost(why, retryInMs, signIn);
        // Without a place in the stream there is nothing to resume; lists are better than an empty page.
        if (live.place() === null && !signIn) void readByRest();
      },
    },
    { open: (url) => new WebSocket(url), now: () => performance.now(), after, random: Math.random, ticket },
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

// Without a token the agent may still know us as `local`; with one, each stream needs a ticket of its own. A ticket
// that is refused opens a stream without one, and the close code of that says what to do.
function ticket(go: (ticket: string | null) => void): void {
  if (currentToken() === null) go(null);
  else fetchTicket().then(go, () => go(null));
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
    const [incidents, clusters, events, changes, status] = await Promise.all([
      fetchIncidents({}, 500),
      fetchClusters(),
      fetchEvents(),
      fetchChanges({}, 50),
      fetchStatus(),
    ]);
    const lists = {
      incidents: incidents.items,
      clusters,
      events,
      changes: changes.items,
      fleet: status.fleet,
      health: null,
    };
    live.seed(lists, status);
  } catch {
    // The indicator already says that nothing answers; the next retry asks again.
  }
}
