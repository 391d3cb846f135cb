// The frame of a list of one cluster's objects: filters that can be taken off, how much was read, and as of when.
import { RotateCw, X } from "lucide-react";
import { type ReactNode, useRef } from "react";
import type { Missing } from "../../../api/types";
import { useTrust } from "../../../live/pulse";
import { Aged } from "../../../parts/aged";
import { Empty } from "../../../parts/empty";
import { Failure } from "../../../parts/failure";
import { useHeld } from "../../../parts/held";
import { awaited, jumpTo } from "../../../parts/jumps";
import { Older, READING } from "../../../parts/list-head";
import { type Pages, usePages } from "../../../parts/pages";
import { AsOf, Loading } from "../../../parts/panel";
import { Save } from "../../../parts/save";
import { TextFilter } from "../../../parts/text-filter";
import { Unseen } from "../../../parts/unseen";
import { countOf, filtersIn, type InventoryQuery } from "./query";
import { type End, keyOf, type Named } from "./table";

type Page<Row> = { items: Row[]; next_cursor: string | null; total: number | null; missing: Missing[] };
export type Change = (changes: Partial<InventoryQuery>) => void;

/** The stream has no frame for a pod: what is on the screen is asked for again after so long. */
const RENEW_MS = 10_000;
/** So many rows before the end of what was read the next page is asked for. */
const AHEAD = 60;

export function InventoryList<Row extends Named>(props: {
  noun: string;
  query: InventoryQuery;
  change: Change;
  asked: readonly unknown[];
  fetchPage: (cursor: object) => Promise<Page<Row>>;
  table: (rows: readonly Row[], end: End) => ReactNode;
}) {
  const { noun, query, change, asked } = props;
  const { disconnected } = useTrust();
  const pages = usePages<Row, Page<Row>>(asked, props.fetchPage, disconnected ? undefined : RENEW_MS);
  const { rows, waiting, letIn, grip } = useHeld(
    pages.listed ?? NONE,
    keyOf,
    JSON.stringify(asked) + pages.more,
  );
  const filters = filtersIn(query);
  const near = (end: number) => {
    if (end > rows.length - AHEAD) pages.fetchMore();
  };
  const reading = useRef(false);
  // The end of the list is that of the whole list: once it is read and drawn, the reader who waits is taken there.
  const last = () => {
    if (!pages.more || reading.current) return;
    reading.current = true;
    const isAwaited = awaited();
    void pages.fetchAll().finally(() =>
      requestAnimationFrame(() => {
        if (isAwaited()) jumpTo("last");
        reading.current = false;
      }),
    );
  };
  return (
    <section className="cluster-part inventory" aria-label={`${noun}s`}>
      <search className="filters">
        <TextFilter label={`Find a ${noun}`} value={query.q} change={(q) => change({ q })} />
        {filters
          .filter(([key]) => key !== "q")
          .map(([key, value]) => (
            <button key={key} type="button" className="button around" onClick={() => change({ [key]: "" })}>
              {key} <bdi className="clip">{value}</bdi> <X size={12} aria-hidden="true" />
              <span className="visually-hidden">clear</span>
            </button>
          ))}
        <span className="inventory-count" aria-live="polite">
          {waiting > 0 && (
            <button type="button" className="new-rows" onClick={letIn}>
              {waiting} new
            </button>
          )}
          <Count noun={noun} pages={pages} />
          <AsOf />
          <Save name={`${noun}s`} rows={rows} />
        </span>
      </search>
      <Unseen missing={pages.first?.missing ?? []} words="As last heard, which is not now" />
      {rows.length > 0 && <Aged error={pages.error} answeredAt={pages.answeredAt} />}
      {pages.error !== null && rows.length === 0 && <Failure error={pages.error} retry={pages.retry} />}
      {pages.isReading && rows.length === 0 && pages.error === null && <Loading what={`${noun}s`} rows={8} />}
      {pages.listed?.length === 0 && !pages.isReading && (
        <Empty
          what={`${noun}s`}
          filters={filters.length}
          clear={() => change(Object.fromEntries(filters.map(([key]) => [key, ""])))}
        >
          {() => `No ${noun} of this cluster has been heard of.`}
        </Empty>
      )}
      {rows.length > 0 && (
        <div {...grip} aria-busy={pages.isReading}>
          {props.table(rows, { near, last })}
        </div>
      )}
      <Older noun={`${noun}s`} word="More" pages={pages} />
    </section>
  );
}

const NONE: readonly never[] = [];

function Count<Row>({ noun, pages }: { noun: string; pages: Pages<Row, Page<Row>> }) {
  if (pages.isReading) return <span className="quiet">{READING}</span>;
  if (!pages.listed || !pages.first) return null;
  return (
    <>
      <span className="quiet">
        {countOf(noun, pages.listed.length, pages.first.total, pages.more)}, the worst first
      </span>
      <button
        type="button"
        className="icon-button"
        onClick={pages.retry}
        aria-label={`Read the ${noun}s again`}
      >
        <RotateCw size={14} aria-hidden="true" />
      </button>
    </>
  );
}
