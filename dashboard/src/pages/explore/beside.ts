// Which incidents stand beside the values that are drawn: those of the very objects. Pure.
import type { Incident, Series } from "../../api/types";
import { severityRank } from "../../live/hooks";
import type { Mark } from "../../parts/plot/marks";
import { toneOfSeverity } from "../../parts/shape";

/** Of the pod or node itself, or of what owns it; the worst first, for it is given room for its words. */
export function marksBeside(drawn: readonly Series[], incidents: Iterable<Incident>): Mark[] {
  const isOf = ({ resource, clusters }: Incident) =>
    drawn.some(
      (series) =>
        clusters.some(({ name }) => name === series.cluster_name) &&
        (resource.namespace ?? null) === (series.resource.namespace ?? null) &&
        [series.resource.name, series.labels.owner].includes(resource.name),
    );
  return [...incidents]
    .filter(isOf)
    .sort((a, b) => severityRank(a.severity) - severityRank(b.severity))
    .map(({ opened_at, kind, severity }) => ({
      at: Date.parse(opened_at),
      label: kind,
      tone: `tone-${toneOfSeverity(severity)}`,
    }));
}
