// The stages of an incident that no runbook was matched to, read from the incident alone. Pure.
import type { IncidentDetail } from "../../api/types";
import { isActive } from "../../live/hooks";
import { plural } from "../../time/format";

export type Stage = {
  name: string;
  state: "done" | "now" | "ahead" | "failed";
  at: string | null;
  detail: string;
  /** The run that it tells of. */
  run?: string;
};

export function stagesOf(incident: IncidentDetail): Stage[] {
  const acknowledged = incident.timeline.findLast((entry) => entry.what === "acknowledged");
  const resolved = incident.timeline.findLast((entry) => entry.what === "resolved");
  const over = !isActive(incident);
  const where = plural(incident.clusters.length, "cluster");
  const detected: Stage = {
    name: "Detected",
    state: "done",
    at: incident.opened_at,
    detail: `${plural(incident.event_count, "event")}, ${where}`,
  };
  const seen = incident.acknowledged_by !== null;
  const acknowledge: Stage = {
    name: "Acknowledged",
    state: seen ? "done" : over ? "ahead" : "now",
    at: acknowledged?.at ?? null,
    detail: seen
      ? `by ${incident.acknowledged_by}`
      : over
        ? "was over before anyone did"
        : "waits for a person",
  };
  const byHand = Boolean(resolved?.actor && resolved.actor !== "kronveil");
  const recover: Stage = {
    name: over ? (byHand ? "Resolved" : "Recovered") : "Recovered",
    state: over ? "done" : seen ? "now" : "ahead",
    at: over ? incident.resolved_at : null,
    detail: over
      ? byHand
        ? `by ${resolved?.actor}`
        : "the recovery was observed"
      : incident.status === "mitigated"
        ? "looks better, held for a while"
        : "not observed yet",
  };
  return [detected, acknowledge, recover];
}
