// The agent's own parts that are not well. The heartbeat has only the one word; the reasons are asked for when it is bad.
import { useQuery } from "@tanstack/react-query";
import { fetchHealth } from "../api/client";
import type { Health } from "../api/types";
import { useLive } from "./store";

type Component = Health["components"][number];

export function useAilments(): { word: Health["status"] | null; parts: readonly Component[] } {
  const word = useLive((view) => view.world.status?.health ?? null);
  const isBad = word !== null && word !== "healthy";
  const { data } = useQuery({
    queryKey: ["health", word],
    queryFn: fetchHealth,
    enabled: isBad,
    refetchInterval: 5_000,
  });
  const parts = isBad ? (data?.components ?? []).filter(({ status }) => status !== "healthy") : [];
  return { word, parts };
}
