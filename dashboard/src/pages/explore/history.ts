// The events a page looks at: the newest hundred of its view as they come, or as much of the past as was asked for.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { fetchEventPage } from "../../api/client";
import type { EventPage, KronveilEvent } from "../../api/types";
import { live, useLive } from "../../live/store";
import { FEED_LENGTH } from "../../live/world";
import { usePages } from "../../parts/pages";
import { type ExploreQuery, matches, merged, RANGES, serverQuery } from "./query";

/** Kept of what the stream brought while the page was open; older ones are the agent's to tell. */
const MOST_KEPT = 5_000;
const PAGE = 500;

/** Of the events between two paints the stream's buffer holds the newest; the others went by unseen. */
export const wentBy = (seenBefore: number, seenNow: number): number =>
  Math.max(0, seenNow - seenBefore - FEED_LENGTH);

type Gathered = { held: Map<string, KronveilEvent>; seen: number; missed: number };

/** Everything the stream brought since the page was opened, newest last, and how many it brought too fast. */
function useGathered() {
  const fresh = useLive((view) => view.world.events);
  const seen = useLive((view) => view.world.eventsSeen);
  const [, redraw] = useState(0);
  const state = useRef<Gathered>({ held: new Map(), seen, missed: 0 });
  const gathered = useMemo(() => {
    const { held } = state.current;
    for (const event of [...fresh].reverse()) held.set(event.id, event);
    for (const id of held.keys()) {
      if (held.size <= MOST_KEPT) break;
      held.delete(id);
    }
    state.current.missed += wentBy(state.current.seen, seen);
    state.current.seen = seen;
    return [...held.values()];
  }, [fresh, seen]);
  const found = (n: number) => {
    state.current.missed = Math.max(0, state.current.missed - n);
    redraw((before) => before + 1);
  };
  return { gathered, missed: state.current.missed, found };
}

export function useEvents(query: ExploreQuery) {
  const { gathered, missed, found } = useGathered();
  const queries = useQueryClient();
  const pageOf = useRef(FEED_LENGTH);
  const asked = serverQuery(query);
  const pages = usePages<KronveilEvent, EventPage>(["events", "list", asked], (cursor) =>
    fetchEventPage({ ...asked, ...cursor }, pageOf.current),
  );
  const [past, setPast] = useState("");
  const view = JSON.stringify(asked);
  const isPast = past === view;
  const rows = useMemo(() => {
    const all = merged([gathered, pages.listed ?? []]).filter((event) => matches(event, query));
    return isPast ? all : all.slice(0, FEED_LENGTH);
  }, [gathered, pages.listed, query, isPast]);
  return {
    rows,
    gathered,
    missed,
    /** Asks the agent for what went by and lists it; a page holds so many of it. What cannot be read stays told. */
    readMissed: () => {
      pageOf.current = PAGE;
      setPast(view);
      void queries.invalidateQueries({ queryKey: ["events"] }, { throwOnError: true }).then(
        () => found(PAGE - FEED_LENGTH),
        () => {},
      );
    },
    isPast,
    known: (pages.listed !== undefined && !pages.isReading) || rows.length > 0,
    listed: pages.listed?.length ?? 0,
    first: pages.first,
    error: pages.error,
    retry: pages.retry,
    more: pages.more || (!isPast && rows.length === FEED_LENGTH),
    fetchingMore: pages.fetchingMore,
    /** From the rolling hundred into the past, one page at a time. */
    fetchMore: () => {
      setPast(view);
      pages.fetchMore();
    },
  };
}

const MOST_PAGES = 4;

/** What the plot counts: all events of the range, or the newest of them and from when on they are complete. */
async function readRange(asked: object, since: string): Promise<{ events: KronveilEvent[]; from: number }> {
  const events: KronveilEvent[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const answer: EventPage = await fetchEventPage({ ...asked, since, ...(cursor ? { cursor } : {}) }, PAGE);
    events.push(...answer.items);
    cursor = answer.next_cursor;
    if (cursor === null) return { events, from: Date.parse(since) };
  }
  return { events, from: Date.parse(events.at(-1)?.received_at ?? since) };
}

export function useRange(query: ExploreQuery) {
  const minutes = RANGES[query.range]?.[1] ?? 60;
  const asked = serverQuery(query);
  const found = useQuery({
    queryKey: ["events", "rate", asked, minutes],
    queryFn: () => {
      const now = live.serverNow() ?? Date.now();
      return readRange(asked, new Date(now - minutes * 60_000).toISOString());
    },
    staleTime: 60_000,
  });
  return { ...found, minutes };
}
