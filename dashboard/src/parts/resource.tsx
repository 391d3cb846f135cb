// What an incident or event is about, as `namespace / name`.
import { Fragment } from "react";
import type { Incident, Resource } from "../api/types";

export function resourceName(resource: Resource | null | undefined): string {
  if (!resource) return "";
  return resource.namespace ? `${resource.namespace} / ${resource.name}` : resource.name;
}

/** `eu-west-prod, us-east-prod` */
export const clusterNames = (incident: Pick<Incident, "clusters">): string =>
  incident.clusters.map(({ name }) => name).join(", ");

/**
 * The same where it may fill more than a line: it breaks between the names, never at a hyphen within one.
 * What follows the last name (`end`) stays with it.
 */
export const ClusterNames = ({
  incident,
  end = "",
}: {
  incident: Pick<Incident, "clusters">;
  end?: string;
}) =>
  incident.clusters.map(({ name }, index) => (
    <Fragment key={name}>
      {index > 0 && " "}
      <span className="cluster-name">
        {name}
        {index < incident.clusters.length - 1 ? "," : end}
      </span>
    </Fragment>
  ));

export function ResourceName({ resource }: { resource: Resource | null | undefined }) {
  if (!resource) return <span className="quiet">not tied to one object</span>;
  return (
    <span title={resource.uid ?? undefined}>
      <span className="quiet">{resource.kind}</span> {resourceName(resource)}
    </span>
  );
}
