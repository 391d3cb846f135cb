// What do we watch, how completely, how old? Every expected member has a row, heard or not.

import { useEffect } from "react";
import { useLocation, useSearchParams } from "react-router";
import { useClusters } from "../../live/hooks";
import { isHeard, signalsOf } from "../../live/signals";
import { useLive } from "../../live/store";
import { AsOf, Loading } from "../../parts/panel";
import { TextFilter } from "../../parts/text-filter";
import { useTitle } from "../../shell/title";
import { count, plural } from "../../time/format";
import { Figure } from "../overview/figures";
import { ClusterPanel } from "./cluster-panel";
import { FleetTable } from "./fleet-table";
import { Freshness } from "./freshness";

export function FleetPage() {
  useTitle("Fleet");
  const known = useLive((view) => view.world.known);
  const clusters = useClusters();
  const [search, setSearch] = useSearchParams();
  const q = (search.get("q") ?? "").toLowerCase();
  const shown = clusters.filter((cluster) =>
    `${cluster.name} ${cluster.region ?? ""} ${cluster.state}`.toLowerCase().includes(q),
  );
  const { hash } = useLocation();
  useNamedRow(known, hash);
  const named = decodeURIComponent(hash.slice(1));
  // Without a choice, the first row: the members in most trouble stand at the top.
  const chosen = shown.find((cluster) => cluster.name === named) ?? shown[0];
  const filter = (text: string) => setSearch(text ? { q: text } : {}, { replace: true });
  return (
    <div className="page fleet">
      <header className="page-head">
        <h1>Fleet</h1>
        <AsOf />
        <div className="aside">
          <TextFilter label="Name, region or state" value={search.get("q") ?? ""} change={filter} />
        </div>
      </header>
      {!known && <Loading what="the fleet" rows={6} />}
      {known && <FleetFigures />}
      {known && clusters.length === 0 && (
        <p className="empty">
          No cluster is configured yet. <code>kronveil init</code> writes a configuration from your
          kubeconfig.
        </p>
      )}
      {shown.length > 0 && <FleetTable clusters={shown} />}
      {chosen && <ClusterPanel cluster={chosen} />}
      {clusters.length > 0 && <Freshness />}
      {clusters.length > 0 && shown.length === 0 && (
        <p className="empty">
          No cluster matches 1 filter.{" "}
          <button type="button" className="button" onClick={() => filter("")}>
            Clear the filter
          </button>
        </p>
      )}
    </div>
  );
}

function FleetFigures() {
  const clusters = useClusters();
  const fleet = useLive((view) => view.world.fleet);
  const reporting = clusters.filter(isHeard).length;
  const signals = signalsOf(clusters);
  const left =
    fleet && !fleet.complete
      ? `leaves out ${plural(fleet.missing.length, "cluster")}`
      : "every cluster is in it";
  return (
    <section className="panel fleet-figures" aria-label="Figures">
      <Figure name="Clusters reporting" value={count(reporting)} unit={`of ${clusters.length} expected`}>
        {clusters.length === reporting
          ? "all of them"
          : `${plural(clusters.length - reporting, "cluster")} not heard`}
      </Figure>
      <Figure name="Pods" value={count(fleet?.pods, fleet?.complete)}>
        {left}
      </Figure>
      <Figure name="Nodes" value={count(fleet?.nodes, fleet?.complete)}>
        {left}
      </Figure>
      <Figure name="Signals in step" value={count(signals.inStep)} unit={`of ${signals.expected}`}>
        kinds of objects listed and watched
      </Figure>
      <Figure name="Events recorded" value={count(fleet?.events)}>
        since the first start
      </Figure>
      <AsOf />
    </section>
  );
}

/** A link to `/fleet#name` shows that row. */
function useNamedRow(ready: boolean, hash: string): void {
  useEffect(() => {
    if (!ready || hash.length < 2) return;
    const row = document.getElementById(`cluster-${decodeURIComponent(hash.slice(1))}`);
    row?.scrollIntoView({ block: "center" });
    row?.focus();
  }, [ready, hash]);
}
