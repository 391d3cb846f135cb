// What the timeline is drawn from: the stream, and once from REST what was before it.
import { useQuery } from "@tanstack/react-query";
import { useEffect, useMemo, useRef } from "react";
import { fetchChanges, fetchEvents } from "../../api/client";
import type { Change, KronveilEvent } from "../../api/types";
import { useLive } from "../../live/store";
import { newestMade } from "../../live/world";

/** Changes of the stream, and older ones that only REST still lists. */
export function useKnownChanges(): readonly Change[] {
  const fresh = useLive((view) => view.world.changes);
  const { data } = useQuery({
    queryKey: ["changes", "timeline"],
    queryFn: () => fetchChanges({}, 500),
    staleTime: 60_000,
  });
  return useMemo(() => newestMade(data?.items ?? [], fresh, Number.POSITIVE_INFINITY), [data, fresh]);
}

const MOST_EVENTS = 5_000;

/** Every event this page has seen, from REST once and then from the stream. */
export function useSeenEvents(): Iterable<KronveilEvent> {
  const fresh = useLive((view) => view.world.events);
  const seen = useRef(new Map<string, KronveilEvent>());
  const { data } = useQuery({
    queryKey: ["events", "timeline"],
    queryFn: () => fetchEvents(500),
    staleTime: 60_000,
  });
  useEffect(() => {
    for (const event of data ?? []) seen.current.set(event.id, event);
  }, [data]);
  for (const event of fresh) {
    seen.current.delete(event.id);
    seen.current.set(event.id, event);
  }
  for (const id of seen.current.keys()) {
    if (seen.current.size <= MOST_EVENTS) break;
    seen.current.delete(id);
  }
  return seen.current.values();
}
