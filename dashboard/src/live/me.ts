// Who the reader is to the agent, and which acts that leaves to them. The agent enforces it; the page explains it.
import { useQuery } from "@tanstack/react-query";
import { fetchMe } from "../api/client";
import type { Me, Role } from "../api/types";
import { useTrust } from "./pulse";

const RANKS: readonly Role[] = ["admin", "approver", "operator", "auditor", "viewer"];

export function useMe(): Me | undefined {
  return useQuery({ queryKey: ["me"], queryFn: fetchMe, staleTime: 60_000 }).data;
}

/** The widest of their roles. */
export const rankOf = (me: Pick<Me, "roles">): Role =>
  RANKS.find((role) => me.roles.includes(role)) ?? "viewer";

/** `Needs operator; you have viewer`; null when they may. */
export const lacking = (me: Pick<Me, "roles"> | undefined, role: Role): string | null =>
  me === undefined || me.roles.includes(role) ? null : `Needs ${role}; you have ${rankOf(me)}`;

/** Why an act that asks for `role` is off now; null when it is on. */
export function useWritesOff(role: Role): string | null {
  const { writesOff } = useTrust();
  const me = useMe();
  return writesOff ?? lacking(me, role);
}
