// What is said of a suspect, and when it was made seen from the incident's start. Pure.
import type { Change, IncidentDetail, Suspect } from "../../api/types";
import { duration } from "../../time/format";

export type Reason = { side: "for" | "against"; text: string };

/** The agent writes each reason with its side in front. */
export const reasonsOf = (suspect: Pick<Suspect, "reasons">): Reason[] =>
  suspect.reasons.map((reason) => {
    const against = reason.startsWith("against: ");
    return { side: against ? "against" : "for", text: reason.replace(/^(for|against): /, "") };
  });

/** `2 min 52 s before`, `12 s after`, `at the start`. */
export function fromStart(at: string, start: string): string {
  const seconds = (Date.parse(start) - Date.parse(at)) / 1000;
  if (Math.abs(seconds) < 1) return "at the start";
  return seconds > 0 ? `${duration(seconds)} before` : `${duration(-seconds)} after`;
}

/** Changes near the incident that nobody suspects; the same words in several clusters count once. */
export function remaining(incident: IncidentDetail): Change[] {
  const said = new Set(incident.suspects.map(({ what }) => what));
  const suspected = new Set(incident.suspects.map(({ change_id }) => change_id));
  const others = new Map<string, Change>();
  for (const change of incident.changes) {
    const words = `${change.target.namespace ? `${change.target.namespace}/` : ""}${change.target.name}: ${change.summary}`;
    if (suspected.has(change.id) || said.has(words)) continue;
    others.set(change.id, change);
  }
  return [...others.values()];
}
