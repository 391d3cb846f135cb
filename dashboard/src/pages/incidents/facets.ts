// What each filter would show, counted by the agent over all it has stored, and counted again when incidents move.
import { useQuery } from "@tanstack/react-query";
import { fetchFacets } from "../../api/client";
import type { Facets } from "../../api/types";
import { useLive } from "../../live/store";
import { useRenewed } from "../../parts/renewed";
import { isCounted, type ListQuery, serverQuery } from "./query";

/**
 * Null while nobody counts: before the first answer, and while words are sought that only this page looks for. Until
 * another filter is counted, those of the filter before keep the places of its numbers, and are not to be read.
 */
export function useFacets(query: ListQuery): { facets: Facets | null; isReading: boolean } {
  const asked = serverQuery(query);
  const enabled = isCounted(query);
  const { data, isPlaceholderData, refetch } = useQuery({
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
  return { facets: enabled ? (data ?? null) : null, isReading: isPlaceholderData };
}
