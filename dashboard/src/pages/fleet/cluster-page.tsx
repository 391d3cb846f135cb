// One cluster on a page of its own: how it stands, how fresh each kind is, its incidents and what was changed in it.
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo } from "react";
import { Link, useParams } from "react-router";
import { fetchChanges } from "../../api/client";
import type { Cluster } from "../../api/types";
import { isActive, rootsOf, severityRank, useClusters } from "../../live/hooks";
import { isHeard } from "../../live/signals";
import { useLive } from "../../live/store";
import { newestMade } from "../../live/world";
import { ledgerAt } from "../../parts/change";
import { Failure } from "../../parts/failure";
import { StrangeWords } from "../../parts/list-head";
import { useAddress } from "../../parts/pages";
import { AsOf, Empty, Loading, Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";
import { useTitle } from "../../shell/title";
import { count, shortDuration } from "../../time/format";
import { ChangeTable } from "../changes/change-table";
import { IncidentTable } from "../incidents/incident-table";
import { ClusterPanel } from "./cluster-panel";
import { type InventoryQuery, readQuery, VIEWS, type View } from "./inventory/query";

const Workloads = lazy(async () => ({ default: (await import("./inventory/inventory")).Workloads }));
const Pods = lazy(async () => ({ default: (await import("./inventory/inventory")).Pods }));

const SHOWN = 10;

export function ClusterPage() {
  const { cluster: name = "" } = useParams();
  useTitle(name);
  const known = useLive((view) => view.world.known);
  const cluster = useClusters().find((one) => one.name === name);
  return (
    <div className="page cluster">
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link to="/fleet">Fleet</Link>
        <span aria-hidden="true">›</span>
        <code>{name}</code>
        <AsOf />
      </nav>
      <h1>{known && !cluster ? "There is no such cluster" : name}</h1>
      {!known && <Loading what="the cluster" rows={6} />}
      {known && !cluster && (
        <p className="second">
          No cluster is configured under the name <code>{name}</code>. <Link to="/fleet">See the fleet</Link>
        </p>
      )}
      {cluster && <ClusterPanel cluster={cluster} alone />}
      {cluster && <Views cluster={cluster} />}
    </div>
  );
}

const HEADINGS: Record<View, string> = { standing: "Standing", workloads: "Workloads", pods: "Pods" };

function Views({ cluster }: { cluster: Cluster }) {
  const { search, change } = useAddress<InventoryQuery>("q");
  const { query, strange } = useMemo(() => readQuery(search), [search]);
  const shown = { cluster: cluster.name, heard: isHeard(cluster), query, change };
  return (
    <>
      <nav className="tabs views" aria-label="Views of this cluster">
        {VIEWS.map((view) => (
          <Link
            key={view}
            to={view === "standing" ? "?" : `?view=${view}`}
            aria-current={view === query.view ? "page" : undefined}
          >
            {HEADINGS[view]}
            <Held view={view} cluster={cluster} />
          </Link>
        ))}
      </nav>
      <StrangeWords words={strange} />
      <Suspense fallback={<Loading what={query.view} rows={8} />}>
        {query.view === "standing" && <Standing cluster={cluster} />}
        {query.view === "workloads" && <Workloads {...shown} />}
        {query.view === "pods" && <Pods {...shown} />}
      </Suspense>
    </>
  );
}

/** How many the cluster holds, where its own word is known. */
function Held({ view, cluster }: { view: View; cluster: Cluster }) {
  if (view !== "pods" || cluster.pods === null) return null;
  return <span className="quiet"> {count(cluster.pods)}</span>;
}

function Standing({ cluster }: { cluster: Cluster }) {
  return (
    <>
      <Kinds cluster={cluster} />
      <Incidents name={cluster.name} />
      <Changes name={cluster.name} />
    </>
  );
}

function Kinds({ cluster }: { cluster: Cluster }) {
  const kinds = Object.entries(cluster.kinds).sort(([a], [b]) => a.localeCompare(b));
  const heard = isHeard(cluster);
  return (
    <Panel
      title="Signals"
      count={kinds.length}
      aside={<span className="quiet">age as of the last answer</span>}
    >
      {kinds.length === 0 && <Empty>Nothing has been heard from this cluster yet.</Empty>}
      <ul className="kinds">
        {kinds.map(([name, kind]) => {
          const well = heard && kind.synced && !kind.error;
          return (
            <li key={name} className={well ? undefined : "kind-late"}>
              <Shape
                tone={well ? "ok" : kind.error && heard ? "partial" : "unknown"}
                size={12}
                label={well ? "in step" : "not in step"}
              />
              <span>{name}</span>
              <span className="mono">{count(kind.count)}</span>
              <span className="quiet">
                {kind.age_s === null ? "never heard" : `${shortDuration(kind.age_s)} old`}
              </span>
              {kind.error && <span className="kind-error">{kind.error}</span>}
            </li>
          );
        })}
      </ul>
    </Panel>
  );
}

function Incidents({ name }: { name: string }) {
  const all = useLive((view) => view.world.incidents);
  const here = rootsOf([...all.values()])
    .filter((incident) => incident.clusters.some((one) => one.name === name))
    .sort(
      (a, b) =>
        Number(isActive(b)) - Number(isActive(a)) ||
        severityRank(a.severity) - severityRank(b.severity) ||
        Date.parse(b.opened_at) - Date.parse(a.opened_at),
    )
    .slice(0, SHOWN);
  const every = `/incidents?status=all&cluster=${encodeURIComponent(name)}`;
  return (
    <section className="cluster-part" aria-labelledby="cluster-incidents">
      <header>
        <h2 id="cluster-incidents">Incidents</h2>
        <Link to={every}>all of this cluster</Link>
      </header>
      {here.length === 0 ? (
        <Empty>No incident of this cluster is known.</Empty>
      ) : (
        <IncidentTable rows={here} />
      )}
    </section>
  );
}

function Changes({ name }: { name: string }) {
  const fresh = useLive((view) => view.world.changes);
  const { data, error, refetch } = useQuery({
    queryKey: ["changes", "cluster", name],
    queryFn: () => fetchChanges({ cluster: name }, SHOWN),
  });
  const live = fresh.filter((change) => change.cluster_name === name);
  const rows = newestMade(live, data?.items ?? [], SHOWN);
  return (
    <section className="cluster-part" aria-labelledby="cluster-changes">
      <header>
        <h2 id="cluster-changes">Changes</h2>
        <Link to={ledgerAt(null, { cluster: name })}>the ledger of this cluster</Link>
      </header>
      {error && rows.length === 0 && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && rows.length === 0 && <Loading what="changes" />}
      {data && rows.length === 0 && <Empty>No change in this cluster has been seen.</Empty>}
      {rows.length > 0 && <ChangeTable rows={rows} />}
    </section>
  );
}
