// What can the agent do, and does it work?
import { useMemo } from "react";
import type { Execution, RunbookList } from "../../api/types";
import { useNow } from "../../live/pulse";
import { useRunbooks, useRuns, waitingFirst } from "../../live/runs";
import { Aged } from "../../parts/aged";
import { Failure } from "../../parts/failure";
import { StrangeWords } from "../../parts/list-head";
import { useAddress } from "../../parts/pages";
import { AsOf, Loading } from "../../parts/panel";
import { StopAll, Stopped } from "../../parts/run/kill-switch";
import { TextFilter } from "../../parts/text-filter";
import { useTitle } from "../../shell/title";
import { count, plural } from "../../time/format";
import { Figure } from "../overview/figures";
import { RunbookCard } from "./card";
import { History } from "./history";
import { averageSuccess, type Filter, lastDay, matching, percent, readFilter, typesOf } from "./list-data";
import "../../styles/runs.css";

export function RunbooksPage() {
  useTitle("Runbooks");
  const asked = useRunbooks();
  const history = useRuns();
  const { search, change } = useAddress<Filter>("q");
  const filter = readFilter(search);
  const list = asked.data;
  const strange = [...search.keys()].filter((key) => !(key in filter));
  return (
    <div className="page runbooks">
      <header className="page-head">
        <h1>Runbooks</h1>
        <AsOf />
        {list && <Filters list={list} filter={filter} change={change} />}
      </header>
      <StrangeWords words={strange} />
      {list && <Stopped stopped={list.stopped} />}
      {list && <Summary list={list} history={history} />}
      {list && <Aged error={asked.error} answeredAt={asked.dataUpdatedAt} />}
      {asked.error && !list && <Failure error={asked.error} retry={() => void asked.refetch()} />}
      {!list && !asked.error && <Loading what="runbooks" rows={6} />}
      {list && <Cards list={list} filter={filter} change={change} runs={history.runs} />}
      <History {...history} />
    </div>
  );
}

type Change = (changes: Partial<Filter>) => void;

function Filters({ list, filter, change }: { list: RunbookList; filter: Filter; change: Change }) {
  return (
    <div className="filters aside">
      <TextFilter label="Filter runbooks" value={filter.q} change={(q) => change({ q })} />
      <select
        aria-label="Type of incident"
        value={filter.type}
        onChange={(event) => change({ type: event.target.value })}
      >
        <option value="">Type: any</option>
        {typesOf(list.items).map((type) => (
          <option key={type}>{type}</option>
        ))}
      </select>
      <select
        aria-label="Mode"
        value={filter.auto}
        onChange={(event) => change({ auto: event.target.value })}
      >
        <option value="">Auto and manual</option>
        <option value="auto">Auto</option>
        <option value="manual">Manual</option>
      </select>
      {!list.stopped && <StopAll />}
    </div>
  );
}

function Summary({ list, history }: { list: RunbookList; history: ReturnType<typeof useRuns> }) {
  const now = useNow();
  const bundled = list.items.filter(({ source }) => source === "bundled").length;
  const auto = list.items.filter(({ level }) => level === "automatic").length;
  const day = lastDay(history.runs, now, history.more);
  const average = averageSuccess(list.items);
  return (
    <section className="panel runbook-figures" aria-label="Figures">
      <Figure name="Runbooks" value={count(list.items.length)}>
        {bundled} built in, {list.items.length - bundled} custom
      </Figure>
      <Figure name="Run automatically" value={count(auto)}>
        {list.live ? "where the policy lets them" : "live runs are off: all are only rehearsed"}
      </Figure>
      <Figure name="Executions, 24 h" value={history.known ? count(day.acted, day.exact) : "?"}>
        {history.known &&
          `${day.effective} effective, ${day.other} not · ${plural(day.rehearsed, "rehearsal")} apart`}
      </Figure>
      <Figure name="Average success" value={average ? percent(average.rate) : "no runs yet"}>
        {average
          ? `verified, of ${plural(average.of, "runbook")} with runs`
          : "nothing has acted and been verified"}
      </Figure>
      <AsOf />
    </section>
  );
}

function Cards(props: { list: RunbookList; filter: Filter; change: Change; runs: readonly Execution[] }) {
  const { list, filter, change, runs } = props;
  const waiting = useMemo(() => waitingFirst(runs), [runs]);
  const shown = matching(list.items, filter);
  // What waits stands in front; otherwise the order is the agent's.
  const places = new Map(waiting.map(({ runbook_id }, index) => [runbook_id, index]));
  const placeOf = (id: string): number => places.get(id) ?? Number.POSITIVE_INFINITY;
  const ordered = [...shown].sort((a, b) =>
    placeOf(a.id) === placeOf(b.id) ? 0 : placeOf(a.id) - placeOf(b.id),
  );
  if (list.items.length === 0) return <p className="empty">This agent has no runbook.</p>;
  if (shown.length === 0) {
    return (
      <p className="empty">
        No runbooks match.{" "}
        <button type="button" className="button" onClick={() => change({ q: "", auto: "", type: "" })}>
          Clear filters
        </button>
      </p>
    );
  }
  return (
    <div className="runbook-cards">
      {ordered.map((runbook) => (
        <RunbookCard
          key={runbook.id}
          runbook={runbook}
          waiting={waiting.filter(({ runbook_id }) => runbook_id === runbook.id)}
        />
      ))}
    </div>
  );
}
