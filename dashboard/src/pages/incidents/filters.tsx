// The filters of the list; each one lives in the address.

import type { Severity } from "../../api/types";
import { useClusters } from "../../live/hooks";
import { capital } from "../../parts/shape";
import { TextFilter } from "../../parts/text-filter";
import { count } from "../../time/format";
import { useFacets } from "./facets";
import { countOf, type ListQuery, STATUSES } from "./query";

const LABELS: Record<string, string> = { active: "Not over" };
const SEVERITIES = ["critical", "high", "medium", "low", "info"];

export function Filters({
  query,
  change,
}: {
  query: ListQuery;
  change: (changes: Partial<ListQuery>) => void;
}) {
  const { facets, isReading } = useFacets(query);
  const clusters = useClusters();
  const names = [...clusters.map(({ name }) => name)].sort((a, b) => a.localeCompare(b));
  if (query.cluster && !names.includes(query.cluster)) names.push(query.cluster);
  return (
    <search className="filters">
      <fieldset className="tabs" aria-label="Status" aria-busy={isReading}>
        {STATUSES.map((status) => (
          <button
            key={status}
            type="button"
            aria-pressed={query.status === status}
            onClick={() => change({ status })}
          >
            {LABELS[status] ?? capital(status)}
            {facets && <span className="facet">{count(countOf(status, facets.status))}</span>}
          </button>
        ))}
      </fieldset>
      <select
        aria-label="Severity"
        value={query.severity}
        onChange={(event) => change({ severity: event.target.value })}
      >
        <option value="">Any severity</option>
        {SEVERITIES.map((severity) => (
          <option key={severity} value={severity}>
            {capital(severity)}
            {facets && !isReading && ` (${count(facets.severity[severity as Severity] ?? 0)})`}
          </option>
        ))}
      </select>
      <select
        aria-label="Cluster"
        value={query.cluster}
        onChange={(event) => change({ cluster: event.target.value })}
      >
        <option value="">All clusters</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
            {facets && !isReading && ` (${count(facets.cluster[name] ?? 0)})`}
          </option>
        ))}
      </select>
      <TextFilter label="Title, object or id" value={query.q} change={(q) => change({ q })} />
    </search>
  );
}
