// A wider incident and its parts: from the stream, and what is over and out of it by REST.
import { useQueries } from "@tanstack/react-query";
import { fetchIncident } from "../../api/client";
import type { Incident } from "../../api/types";
import { useLive } from "../../live/store";

/** The incidents with these ids as far as they are known. */
export function useNamed(ids: readonly string[]): Incident[] {
  const heard = useLive((view) => view.world.incidents);
  const asked = useQueries({
    queries: ids
      .filter((id) => !heard.has(id))
      .map((id) => ({ queryKey: ["incident", id], queryFn: () => fetchIncident(id) })),
  });
  const fetched = new Map(asked.flatMap(({ data }) => (data ? [[data.id, rowOf(data)] as const] : [])));
  return ids.flatMap((id) => heard.get(id) ?? fetched.get(id) ?? []);
}

export const useChildren = (incident: Pick<Incident, "children">): Incident[] => useNamed(incident.children);

type Detail = Awaited<ReturnType<typeof fetchIncident>>;

/** A detail as it stands in lists. */
const rowOf = (detail: Detail): Incident => ({
  ...detail,
  evidence: detail.evidence.map(({ id }) => id),
  changes: detail.changes.map(({ id }) => id),
});
