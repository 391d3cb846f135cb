// What each filter would show, counted by the agent over all it has stored, and counted again when incidents move.
import { useQuery } from "@tanstack/react-query";
import { fetchFacets } from "../../api/client";
import type { Facets } from "../../api/types";
import { useLive } from "../../live/store";
import { useRenewed } from "../../parts/renewed";
import { isCounted, type ListQuery, serverQuery } from "./query";

/** Null while nobody counts: before the first answer, and while words are sought that only this page looks for. */
export function useFacets(query: ListQuery): Facets | null {
  const asked = serverQuery(query);
  const enabled = isCounted(query);
  const { data, refetch } = useQuery({
    queryKey: ["incidents", "facets", asked],
    queryFn: () => fetchFacets(asked),
    enabled,
    placeholderData: (before) => before,
  });
  useRenewed(
    useLive((view) => view.world.incidents),
    refetch,
    enabled,
  );
  return enabled ? (data ?? null) : null;
}
