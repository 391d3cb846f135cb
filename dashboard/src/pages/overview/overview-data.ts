// The agent's own account of the fleet: drawn until the stream is here, and asked for what the stream cannot know.
import { useQuery } from "@tanstack/react-query";
import { fetchOverview } from "../../api/client";
import type { Overview } from "../../api/types";
import { useLive } from "../../live/store";
import { lastVisit } from "../../live/visits";
import { useRenewed } from "../../parts/renewed";

/** The agent's shortest and longest window. */
const SHORTEST_S = 600;
const LONGEST_S = 604_800;

/** What happened in the last `minutes`, and since the reader looked last. */
export function useOverview(minutes: number): Overview | undefined {
  const since = lastVisit();
  const window_s = Math.min(LONGEST_S, Math.max(SHORTEST_S, minutes * 60));
  const { data, refetch } = useQuery({
    queryKey: ["overview", since, window_s],
    queryFn: () => fetchOverview({ ...(since ? { since } : {}), window_s }),
    placeholderData: (before) => before,
  });
  useRenewed(
    useLive((view) => view.world.incidents),
    refetch,
  );
  return data;
}
