// Does every part work, and is everything that came in accounted for?
import { useQuery } from "@tanstack/react-query";
import { fetchCollectors, fetchParts } from "../../api/client";
import type { Books, Collector, Part } from "../../api/types";
import { useIndicator } from "../../live/pulse";
import { useLive } from "../../live/store";
import { dropped, imbalance } from "../../live/world";
import { Aged } from "../../parts/aged";
import { Failure } from "../../parts/failure";
import { AsOf, Empty, Loading, Panel } from "../../parts/panel";
import { Shape } from "../../parts/shape";
import { useTitle } from "../../shell/title";
import { count, plural } from "../../time/format";
import { Freshness } from "../fleet/freshness";
import { Figure } from "../overview/figures";
import { PartTable, SourceTable } from "./tables";
import "../../styles/parts-page.css";

const RENEW_MS = 5_000;

/** Parts and sources have no frame of their own in the stream; ages are asked for while the page is looked at. */
function useParts() {
  const live = useIndicator().word !== "Disconnected";
  const renewed = { refetchInterval: live ? RENEW_MS : (false as const) };
  const parts = useQuery({ queryKey: ["parts"], queryFn: fetchParts, ...renewed });
  const sources = useQuery({ queryKey: ["collectors"], queryFn: fetchCollectors, ...renewed });
  return { parts, sources };
}

export function PartsPage() {
  useTitle("Parts");
  const { parts, sources } = useParts();
  return (
    <div className="page parts-page">
      <header className="page-head">
        <h1>Parts</h1>
        <AsOf />
        <p className="second">What the agent is made of, and whether its books balance.</p>
      </header>
      <PartFigures parts={parts.data} sources={sources.data} />
      <Panel title="Parts of the agent" {...(parts.data ? { count: parts.data.length } : {})}>
        {parts.error && !parts.data && <Failure error={parts.error} retry={() => void parts.refetch()} />}
        {parts.data && <Aged error={parts.error} answeredAt={parts.dataUpdatedAt} />}
        {!parts.data && !parts.error && <Loading what="parts" />}
        {parts.data && <PartTable parts={parts.data} />}
      </Panel>
      <Panel
        title="Sources"
        {...(sources.data ? { count: sources.data.length } : {})}
        aside={<span className="quiet">received = delivered + merged + dropped + in flight</span>}
      >
        {sources.error && !sources.data && (
          <Failure error={sources.error} retry={() => void sources.refetch()} />
        )}
        {sources.data && <Aged error={sources.error} answeredAt={sources.dataUpdatedAt} />}
        {!sources.data && !sources.error && <Loading what="sources" />}
        {sources.data?.length === 0 && (
          <Empty>
            No source is configured yet. <code>kronveil init</code> writes a configuration from your
            kubeconfig.
          </Empty>
        )}
        {sources.data && sources.data.length > 0 && <SourceTable sources={sources.data} />}
      </Panel>
      <Freshness />
    </div>
  );
}

function PartFigures(props: {
  parts: readonly Part[] | undefined;
  sources: readonly Collector[] | undefined;
}) {
  const { parts, sources } = props;
  const books = useLive((view) => view.world.status?.books ?? null);
  const well = parts?.filter(({ state }) => state === "healthy").length;
  const heard = sources?.filter(({ state }) => state === "live").length;
  return (
    <section className="panel fleet-figures" aria-label="Figures">
      <Figure name="Parts healthy" value={count(well)} unit={parts ? `of ${parts.length}` : ""}>
        {parts && well !== undefined && (well === parts.length ? "all of them" : named(parts))}
      </Figure>
      <Figure name="Sources live" value={count(heard)} unit={sources ? `of ${sources.length}` : ""}>
        {sources &&
          heard !== undefined &&
          (heard === sources.length ? "all of them" : "the others say why below")}
      </Figure>
      <Figure name="Reports received" value={count(books?.received)}>
        what collectors read since the agent started
      </Figure>
      <Figure name="Dropped" value={count(books ? dropped(books) : null)}>
        {books && reasons(books)}
      </Figure>
      <BooksFigure books={books} />
      <AsOf />
    </section>
  );
}

const named = (parts: readonly Part[]): string =>
  parts
    .filter(({ state }) => state !== "healthy")
    .map(({ name }) => name)
    .join(", ");

const reasons = (books: Books): string => {
  const said = Object.entries(books.dropped).filter(([, n]) => n > 0);
  return said.length === 0 ? "nothing was lost" : said.map(([why, n]) => `${why} ${count(n)}`).join(", ");
};

function BooksFigure({ books }: { books: Books | null }) {
  if (!books) return <Figure name="Books" value="?" />;
  const off = imbalance(books);
  return (
    <Figure name="Books" value={off === 0 ? "balanced" : "not balanced"}>
      {off === 0 ? (
        <span className="tone-ok">
          <Shape tone="ok" size={12} /> {plural(books.in_flight, "report")} in flight
        </span>
      ) : (
        <span className="tone-critical">
          <Shape tone="critical" size={12} /> off by {off.toLocaleString("en-US")}: an error of the agent
        </span>
      )}
    </Figure>
  );
}
