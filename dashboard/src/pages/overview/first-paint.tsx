// The overview before the stream's first word: one answer of the agent, in the places where the live panels will stand.
import { Link } from "react-router";
import type { Overview } from "../../api/types";
import { Empty, Loading, Panel } from "../../parts/panel";
import { capital, Shape, toneOfSeverity, toneOfState } from "../../parts/shape";
import { Age, At } from "../../parts/times";
import { count } from "../../time/format";
import { Figure } from "./figures";
import { place } from "./lanes";

const NAMES: readonly (readonly [string, string])[] = [
  ["incidents_open", "Open incidents"],
  ["events", "Events recorded"],
  ["pods", "Pods"],
  ["nodes", "Nodes"],
];

/** What only the stream brings, in its place. */
const TO_COME: readonly (readonly [string, string])[] = [
  ["Live feed", "feed"],
  ["What changed", "changed"],
  ["Recovered", "recovered"],
  ["Books", "books"],
];

export function FirstPaint({ overview }: { overview: Overview }) {
  return (
    <div className="page overview" data-first-paint>
      <header className="page-head">
        <h1>Overview</h1>
        <p className="second">
          As of <At at={overview.as_of} />; the live stream is being opened
        </p>
      </header>
      <Panel title="Needs you" count={overview.needs_you.length} className="needs">
        {overview.needs_you.length === 0 && <Empty>Nothing waits for you.</Empty>}
        <ul className="needs-rows">
          {overview.needs_you.map((need) => (
            <li key={`${need.kind} ${need.id}`}>
              <Need need={need} />
            </li>
          ))}
        </ul>
      </Panel>
      <section className="panel figures" aria-label="Figures">
        {NAMES.map(([name, title]) => {
          const figure = overview.figures.find((each) => each.name === name);
          return <Figure key={name} name={title} value={count(figure?.value, figure?.exact)} />;
        })}
      </section>
      <Lanes overview={overview} />
      {TO_COME.map(([title, name]) => (
        <Panel key={name} title={title} className={name}>
          <Loading what={title.toLowerCase()} />
        </Panel>
      ))}
    </div>
  );
}

const PATHS: Record<string, (id: string) => string> = {
  incident: (id) => `/incidents/${encodeURIComponent(id)}`,
  cluster: (id) => `/fleet#${encodeURIComponent(id)}`,
};

function Need({ need }: { need: Overview["needs_you"][number] }) {
  const tone = need.severity ? toneOfSeverity(need.severity) : "unknown";
  return (
    <div className={`need tone-${tone}`}>
      <Shape tone={tone} size={16} />
      <Link to={PATHS[need.kind]?.(need.id) ?? "/parts"} className="need-text" data-row>
        <strong>{need.title}</strong>
        <span className="meta">
          {[need.severity && capital(need.severity), need.cluster].filter(Boolean).join(" · ")}
        </span>
      </Link>
      {need.since && (
        <span className="need-age">
          <Age at={need.since} />
        </span>
      )}
    </div>
  );
}

function Lanes({ overview }: { overview: Overview }) {
  const range = { from: Date.parse(overview.window_from), to: Date.parse(overview.as_of) };
  const percent = (at: string | null, otherwise: number) =>
    `${((at === null ? otherwise : place(Date.parse(at), range)) * 100).toFixed(3)}%`;
  return (
    <Panel title="Fleet timeline" className="timeline">
      <div className="lanes">
        {overview.lanes.map((lane) => (
          <div key={lane.cluster} className="lane lane-rows-1">
            <Link className="lane-name" to={`/fleet#${encodeURIComponent(lane.cluster)}`}>
              <Shape tone={toneOfState(lane.state)} size={13} label={lane.state} />
              <span className="clip">{lane.cluster}</span>
            </Link>
            <div className="track">
              {lane.gaps.map((gap) => (
                <i
                  key={gap.since}
                  className="silence hatched"
                  title={gap.reason}
                  style={{ left: percent(gap.since, 0), right: `calc(100% - ${percent(gap.until, 1)})` }}
                />
              ))}
              {lane.incidents.map((bar) => (
                <Link
                  key={bar.id}
                  to={`/incidents/${encodeURIComponent(bar.id)}`}
                  className={`bar bar-row-0 tone-${toneOfSeverity(bar.severity)}${bar.until ? " bar-over" : ""}`}
                  title={bar.title}
                  aria-label={`${bar.severity}: ${bar.title}`}
                  style={{ left: percent(bar.since, 0), right: `calc(100% - ${percent(bar.until, 1)})` }}
                />
              ))}
            </div>
          </div>
        ))}
      </div>
    </Panel>
  );
}
