// A lane for each cluster: incidents as bars, events as a low skyline, silence hatched.
import { useMemo } from "react";
import { Link, useSearchParams } from "react-router";
import type { Incident } from "../../api/types";
import { isActive, rootsOf, useClusters, useStart } from "../../live/hooks";
import { useKnownIncidents, useSuspected } from "../../live/known";
import { useNow, useTrust } from "../../live/pulse";
import { useLive } from "../../live/store";
import { arrowed, ledgerAt, targetOf } from "../../parts/change";
import { Panel } from "../../parts/panel";
import { Shape, toneOfSeverity, toneOfState } from "../../parts/shape";
import { useZone } from "../../shell/preferences";
import { clock, hourMinute, zoneName } from "../../time/format";
import {
  type Bar,
  changeTicks,
  density,
  gapsOf,
  type Lane,
  laneOf,
  place,
  type Span,
  type Tick,
  ticks,
  type Unheard,
} from "./lanes";
import { useOverview } from "./overview-data";
import { useKnownChanges, useSeenEvents } from "./timeline-data";

const RANGES: Record<string, [string, number]> = {
  "5m": ["Last 5 min", 5],
  "15m": ["Last 15 min", 15],
  "1h": ["Last 1 h", 60],
  "3h": ["Last 3 h", 180],
  "12h": ["Last 12 h", 720],
  "24h": ["Last 24 h", 1440],
};
const COLUMNS = 120;
/** A lone event stays a low mark: the skyline is never scaled to fewer than this. */
const QUIET = 12;

export function FleetTimeline() {
  const clusters = useClusters();
  const known = useKnownIncidents();
  // A wider incident stands in each of its clusters, so its parts would only double it.
  const incidents = useMemo(() => rootsOf(known), [known]);
  const now = useNow();
  const [name, minutes, setRange] = useRange();
  const range = { from: now - minutes * 60_000, to: now };
  const lanes = [...clusters]
    .sort((a, b) => a.name.localeCompare(b.name))
    .map((cluster) => laneOf(cluster, incidents, range));
  const changes = useKnownChanges();
  const suspected = useSuspected();
  const events = useSeenEvents();
  const started = useStart();
  const overview = useOverview(minutes);
  const skyline = density(events, range, COLUMNS);
  const tallest = Math.max(QUIET, ...[...skyline.values()].flat());
  return (
    <Panel
      title="Fleet timeline"
      className="timeline"
      aside={
        <>
          <Legend seconds={Math.round((minutes * 60) / COLUMNS)} />
          <select aria-label="Range" value={name} onChange={(change) => setRange(change.target.value)}>
            {Object.entries(RANGES).map(([key, [label]]) => (
              <option key={key} value={key}>
                {label}
              </option>
            ))}
          </select>
        </>
      }
    >
      <div className="lanes">
        {lanes.map((lane) => (
          <LaneRow
            key={lane.cluster.name}
            lane={lane}
            changes={changeTicks(changes, lane.cluster.name, range)}
            suspected={suspected}
            range={range}
            counts={skyline.get(lane.cluster.name)}
            tallest={tallest}
            started={started}
            gaps={gapsOf(overview, lane.cluster.name)}
          />
        ))}
        <Axis range={range} />
      </div>
    </Panel>
  );
}

function Legend({ seconds }: { seconds: number }) {
  return (
    <span className="legend second wide-only">
      <span>
        <i className="swatch swatch-bar" /> incident
      </span>
      <span>
        <i className="swatch swatch-over" /> recovered
      </span>
      <span>
        <i className="change-tick swatch-tick" /> change
      </span>
      <span>
        <i className="swatch hatched" /> not observed
      </span>
      <span>
        <i className="swatch before-start" /> before this start
      </span>
      <span>skyline: known events per {seconds} s</span>
    </span>
  );
}

function LaneRow(props: {
  lane: Lane;
  changes: readonly Tick[];
  suspected: ReadonlyMap<string, readonly Incident[]>;
  range: Span;
  counts: readonly number[] | undefined;
  tallest: number;
  started: number | null;
  gaps: readonly Unheard[];
}) {
  const { lane, gaps, changes, suspected, range, counts, tallest, started } = props;
  const tone =
    lane.worst && lane.silentFrom === null ? toneOfSeverity(lane.worst) : toneOfState(lane.cluster.state);
  return (
    <div className={`lane lane-rows-${lane.rows}`}>
      <Link className="lane-name" to={`/fleet#${encodeURIComponent(lane.cluster.name)}`}>
        <Shape tone={tone} size={13} label={lane.worst ?? lane.cluster.state} />
        <span className="clip">{lane.cluster.name}</span>
      </Link>
      <div className="track">
        {started !== null && started > range.from && (
          <i
            className="before-start"
            title="Before this start of the agent; what was observed then is not recorded here"
            style={{ width: percent(place(started, range)) }}
          />
        )}
        {counts && <Skyline counts={counts} tallest={tallest} />}
        {ticks(range).map((at) => (
          <i key={at} className="grid-line" style={{ left: percent(place(at, range)) }} />
        ))}
        {gaps.map((gap) => (
          <i
            key={gap.from}
            className="silence hatched"
            title={gap.why}
            data-gap={lane.cluster.name}
            style={{ left: percent(place(gap.from, range)), right: percent(1 - place(gap.to, range)) }}
          />
        ))}
        {lane.silentFrom !== null && <Silence lane={lane} from={lane.silentFrom} range={range} />}
        {lane.bars.map((bar) => (
          <IncidentBar key={bar.incident.id} bar={bar} range={range} />
        ))}
        {changes.map((tick) => (
          <ChangeTick
            key={tick.changes[0]?.id}
            tick={tick}
            cluster={lane.cluster.name}
            isSuspect={tick.changes.some(({ id }) => suspected.has(id))}
          />
        ))}
        {lane.hidden > 0 && <span className="lane-hidden">+{lane.hidden}</span>}
      </div>
    </div>
  );
}

function Skyline({ counts, tallest }: { counts: readonly number[]; tallest: number }) {
  const scale = (n: number): number => 3 + (Math.log1p(n) / Math.log1p(tallest)) * 13;
  const path = counts
    .map((n, column) => (n === 0 ? "" : `M${column + 0.15} 18v${-scale(n)}h.7v${scale(n)}z`))
    .join("");
  return (
    <svg className="skyline" viewBox={`0 0 ${COLUMNS} 18`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

function Silence({ lane, from, range }: { lane: Lane; from: number; range: Span }) {
  const zone = useZone();
  const left = place(from, range);
  const words = lane.cluster.last_seen
    ? `${lane.cluster.state} since ${clock(Date.parse(lane.cluster.last_seen), zone)}, nothing assumed`
    : "configured, never heard from";
  return (
    <>
      <i className="silence hatched" style={{ left: percent(left), width: percent(1 - left) }} />
      {lane.bars.length === 0 && (
        <span
          className="silence-words"
          style={left > 0.5 ? { right: percent(1 - left) } : { left: percent(left) }}
        >
          {words}
        </span>
      )}
    </>
  );
}

function IncidentBar({ bar, range }: { bar: Bar; range: Span }) {
  const left = place(bar.from, range);
  const width = Math.max(0.006, place(bar.to, range) - left);
  const over = !isActive(bar.incident);
  const tone = toneOfSeverity(bar.incident.severity);
  const words = `${bar.incident.title}${over ? " · recovered" : ""}`;
  const to = `/incidents/${encodeURIComponent(bar.incident.id)}`;
  const beside = bar.words && bar.words.side !== "inside" ? bar.words : null;
  return (
    <>
      <Link
        to={to}
        className={`bar tone-${tone} bar-row-${bar.row}${over ? " bar-over" : ""}`}
        style={{ left: percent(Math.min(left, 0.994)), width: percent(width) }}
        title={words}
        aria-label={`${bar.incident.severity}: ${words}`}
      >
        {bar.words?.side === "inside" && (
          <span>
            <Shape tone={tone} size={11} /> {words}
          </span>
        )}
      </Link>
      {beside && (
        <span
          className={`bar-words tone-${tone} bar-row-${bar.row}`}
          style={{
            maxWidth: percent(beside.room),
            ...(beside.side === "left" ? { right: percent(1 - left) } : { left: percent(left + width) }),
          }}
          aria-hidden="true"
        >
          <Shape tone={tone} size={11} /> {words}
        </span>
      )}
    </>
  );
}

function ChangeTick({ tick, cluster, isSuspect }: { tick: Tick; cluster: string; isSuspect: boolean }) {
  const zone = useZone();
  const words = tick.changes.map((change) => `${targetOf(change)}: ${arrowed(change.summary)}`).join("\n");
  const said = `${clock(tick.at, zone)} ${words}${isSuspect ? "\nsuspected by an open incident" : ""}`;
  return (
    <Link
      className={`change-tick${isSuspect ? " change-tick-suspect" : ""}`}
      style={{ left: percent(tick.left) }}
      to={ledgerAt(tick.changes[0]?.at ?? null, { cluster })}
      title={said}
      aria-label={`change at ${said}`}
      data-tick={cluster}
    />
  );
}

function Axis({ range }: { range: Span }) {
  const zone = useZone();
  const { disconnected } = useTrust();
  return (
    <div className="lane axis" aria-hidden="true">
      <span />
      <div className="track">
        {ticks(range)
          .filter((at) => place(at, range) > 0.02 && place(at, range) < 0.84)
          .map((at) => (
            <span key={at} style={{ left: percent(place(at, range)) }}>
              {hourMinute(at, zone)}
            </span>
          ))}
        <span className="axis-now">
          {disconnected ? "ends" : "now"}{" "}
          <span className="wide-only">
            {clock(range.to, zone)} {zoneName(range.to, zone)}
          </span>
        </span>
      </div>
    </div>
  );
}

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

function useRange(): [string, number, (name: string) => void] {
  const [search, setSearch] = useSearchParams();
  const uptime = useLive((view) => view.world.status?.uptime_s ?? 0);
  const asked = search.get("range") ?? "";
  const name =
    asked in RANGES ? asked : uptime < 240 ? "5m" : uptime < 900 ? "15m" : uptime < 3600 ? "1h" : "3h";
  const minutes = RANGES[name]?.[1] ?? 60;
  const choose = (chosen: string) => {
    const next = new URLSearchParams(search);
    next.set("range", chosen);
    setSearch(next, { replace: true });
  };
  return [name, minutes, choose];
}
