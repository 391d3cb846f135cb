// Incidents as far as this page knows them: those of the stream, and the older ones that only REST still lists.
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { fetchIncidents } from "../api/client";
import type { Incident } from "../api/types";
import { suspectedBy } from "./hooks";
import { useLive } from "./store";

/** The live incidents, and older ones that only REST still lists. */
export function useKnownIncidents(): readonly Incident[] {
  const incidents = useLive((view) => view.world.incidents);
  const { data } = useQuery({
    queryKey: ["incidents", "known"],
    queryFn: () => fetchIncidents({}, 500),
    staleTime: 60_000,
  });
  return useMemo(() => {
    const all = new Map((data?.items ?? []).map((incident) => [incident.id, incident]));
    for (const incident of incidents.values()) all.set(incident.id, incident);
    return [...all.values()];
  }, [data, incidents]);
}

/** For each change, the incidents that suspect it; one that is over still does, so its cause keeps its name. */
export function useSuspected(): ReadonlyMap<string, readonly Incident[]> {
  const incidents = useKnownIncidents();
  return useMemo(() => suspectedBy(incidents), [incidents]);
}
