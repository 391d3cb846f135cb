// How an incident and its wider one point at each other.
import { Layers } from "lucide-react";
import { Link } from "react-router";
import type { Incident, IncidentDetail } from "../../api/types";
import { isActive } from "../../live/hooks";
import { plural } from "../../time/format";
import { useChildren, useNamed } from "./family";
import { Split } from "./merge";

/** A part names the whole. */
export function Part({ incident, of }: { incident: Pick<Incident, "id" | "parent_id">; of: string }) {
  const [parent] = useNamed([of]);
  return (
    <p className="kinship">
      <Layers size={14} aria-hidden="true" /> One part of{" "}
      <Link to={`/incidents/${encodeURIComponent(of)}`}>{parent?.title ?? of}</Link>
      <Split incident={incident} />
    </p>
  );
}

/** The whole says how many parts it has, and how many of them go on; "Where" lists them. */
export function Parts({ incident }: { incident: IncidentDetail }) {
  const children = useChildren(incident);
  const going = children.filter(isActive).length;
  return (
    <p className="kinship">
      <Layers size={14} aria-hidden="true" /> Systemic: one incident of{" "}
      {plural(incident.children.length, "part")}, {children.length === 0 ? "" : `${going} not over, `}
      one for each cluster
    </p>
  );
}
