// What an incident or event is about, as `namespace / name`.
import type { Incident, Resource } from "../api/types";

export function resourceName(resource: Resource | null | undefined): string {
  if (!resource) return "";
  return resource.namespace ? `${resource.namespace} / ${resource.name}` : resource.name;
}

/** `eu-west-prod, us-east-prod` */
export const clusterNames = (incident: Pick<Incident, "clusters">): string =>
  incident.clusters.map(({ name }) => name).join(", ");

export function ResourceName({ resource }: { resource: Resource | null | undefined }) {
  if (!resource) return <span className="quiet">not tied to one object</span>;
  return (
    <span title={resource.uid ?? undefined}>
      <span className="quiet">{resource.kind}</span> {resourceName(resource)}
    </span>
  );
}
