// Measured values over time: lines that break at gaps, the limit, what happened beside it, and all of it as a table.
import type { Series } from "../../api/types";
import { Shape } from "../shape";
import { At } from "../times";
import { type Area, PlotFrame } from "./frame";
import {
  inUnit,
  MOST_BANDS,
  nameOf,
  nearest,
  type Placed,
  scaleOf,
  segments,
  ticksOf,
  unmeasured,
} from "./line-data";
import type { Mark } from "./marks";
import type { Span } from "./scale";
import { bandRuns, isStrange, strangeTimes } from "./usual";
import "../../styles/plot.css";

/** Lines in a hue and dash of their own; more than these would not be told apart. */
export const MOST_LINES = 6;

export function LinePlot(props: {
  label: string;
  all: readonly Series[];
  span: Span;
  marks: readonly Mark[];
  height?: number;
}) {
  const { label, span, marks } = props;
  const all = props.all.slice(0, MOST_LINES);
  const unit = all[0]?.unit ?? "";
  const scale = scaleOf(all);
  const many = new Set(all.map(({ cluster_name }) => cluster_name)).size > 1;
  const name = (series: Series) => (many ? `${nameOf(series)}, ${series.cluster_name}` : nameOf(series));
  return (
    <>
      <PlotFrame
        label={label}
        span={span}
        values={ticksOf(scale.highest, unit)}
        say={(value) => (value === 0 ? "0" : inUnit(value, unit).replace(" cores", ""))}
        height={props.height ?? 210}
        unknown={unmeasured(all, span)}
        marks={marks.filter(({ at }) => at >= span.from && at <= span.to)}
        draw={(area) => (
          <>
            <Reference area={area} value={scale.request} word="request" unit={unit} />
            <Reference area={area} value={scale.limit} word="limit" unit={unit} />
            {all.length <= MOST_BANDS &&
              all.map((series, index) => (
                <Usual key={series.id} series={series} area={area} index={index} highest={scale.highest} />
              ))}
            {all.map((series, index) => (
              <Line key={series.id} series={series} area={area} index={index} />
            ))}
          </>
        )}
        readout={(at) => readAt(all, at, name)}
        table={<Values all={all} name={name} />}
      />
      <ul className="plot-names">
        {all.map((series, index) => (
          <li key={series.id}>
            <svg width="22" height="8" aria-hidden="true">
              <line className={`plot-line plot-line-${index}`} x1="0" x2="22" y1="4" y2="4" />
            </svg>
            <bdi className="clip" title={name(series)}>
              {name(series)}
            </bdi>
            <span className="second">
              {series.last ? inUnit(series.last.value, unit) : "no value"}
              {scale.limit === null && series.limit !== null && ` of ${inUnit(series.limit, unit)}`}
            </span>
          </li>
        ))}
        {scale.limitAbove !== null && (
          <li className="second">The limit, {inUnit(scale.limitAbove, unit)}, is far above this plot.</li>
        )}
        {all.length <= MOST_BANDS && all.some(({ expected }) => expected !== null) && (
          <li className="second">
            <svg width="22" height="8" aria-hidden="true">
              <rect className="plot-usual plot-line-0" width="22" height="8" />
            </svg>
            usual, from the hour before
          </li>
        )}
      </ul>
      <StrangeTimes all={all} name={name} />
    </>
  );
}

/** Behind the line; what is above the drawing is cut at its edge. */
function Usual(props: { series: Series; area: Area; index: number; highest: number }) {
  const { series, area, index, highest } = props;
  const at = (moment: number, value: number) =>
    `${area.x(moment).toFixed(1)} ${area.y(Math.min(value, highest)).toFixed(1)}`;
  return bandRuns(series).map((run) => {
    const over = run.map(({ at: moment, high }) => at(moment, high));
    const under = run.map(({ at: moment, low }) => at(moment, low)).reverse();
    return (
      <path
        key={run[0]?.at}
        data-usual={series.id}
        className={`plot-usual plot-line-${index}`}
        d={`M${[...over, ...under].join("L")}Z`}
      />
    );
  });
}

const SAID = 6;

/** When values left what is usual, in words: a mark on a line tells neither how far nor whether it lasts. */
function StrangeTimes({ all, name }: { all: readonly Series[]; name: (series: Series) => string }) {
  const times = all
    .flatMap((series) => strangeTimes(series).map((time) => ({ ...time, name: name(series) })))
    .sort((a, b) => (a.since < b.since ? 1 : -1));
  if (times.length === 0) return null;
  return (
    <ul className="plot-strange-times" aria-label="Unusual values">
      {times.slice(0, SAID).map((time) => (
        <li key={time.id}>
          <Shape tone="medium" />
          <span>
            <bdi>{time.name}</bdi> {time.words}, <At at={time.since} />
            {time.until === null ? (
              " and still"
            ) : (
              <>
                {" "}
                until <At at={time.until} />
              </>
            )}
          </span>
        </li>
      ))}
      {times.length > SAID && <li className="second">and {times.length - SAID} earlier ones</li>}
    </ul>
  );
}

function Line({ series, area, index }: { series: Series; area: Area; index: number }) {
  const at = ({ x, y }: Area, point: Placed, value: number) =>
    `${x(point.at).toFixed(1)} ${y(value).toFixed(1)}`;
  return segments(series).map((run) => {
    const key = run[0]?.at;
    const single = run.length === 1 ? run[0] : undefined;
    if (single) {
      return (
        <circle
          key={key}
          className={`plot-point plot-line-${index}`}
          cx={area.x(single.at)}
          cy={area.y(single.value)}
          r="2"
        />
      );
    }
    const over = run.map((point) => at(area, point, point.max));
    const under = run.map((point) => at(area, point, point.min)).reverse();
    return (
      <g key={key} data-run={series.id}>
        <path className={`plot-spread plot-line-${index}`} d={`M${[...over, ...under].join("L")}Z`} />
        <path
          className={`plot-line plot-line-${index}`}
          d={`M${run.map((point) => at(area, point, point.value)).join("L")}`}
        />
        {run
          .filter((point) => isStrange(series, point.at))
          .map((point) => (
            <circle
              key={point.at}
              data-strange={series.id}
              className="plot-strange"
              cx={area.x(point.at)}
              cy={area.y(point.value)}
              r="3"
            />
          ))}
      </g>
    );
  });
}

function Reference(props: { area: Area; value: number | null; word: string; unit: string }) {
  const { area, value, word, unit } = props;
  if (value === null) return null;
  const y = area.y(value);
  return (
    <g className={`plot-reference plot-${word}`}>
      <line x1={area.x0} x2={area.x0 + area.width} y1={y} y2={y} />
      <text x={area.x0 + 4} y={y - 4}>
        {word} {inUnit(value, unit)}
      </text>
    </g>
  );
}

const READ = 3;

function readAt(all: readonly Series[], at: number, name: (series: Series) => string) {
  const read = all.flatMap((series) => {
    const point = nearest(series, at);
    return point ? [{ series, point }] : [];
  });
  const first = read[0];
  if (!first) return null;
  const words = read
    .slice(0, READ)
    .map(({ series, point }) => `${name(series)} ${inUnit(point.value, series.unit)}`)
    .join("; ");
  return {
    at: first.point.at,
    words: read.length > READ ? `${words}; and ${read.length - READ} more` : words,
  };
}

const ROWS = 200;

/** The newest values, a row a moment, a column a series. */
function Values({ all, name }: { all: readonly Series[]; name: (series: Series) => string }) {
  const columns = all.map((series) => new Map(series.points.map(({ at, value }) => [at, value])));
  const moments = [...new Set(columns.flatMap((column) => [...column.keys()]))].sort().reverse();
  return (
    <table className="grid">
      <thead>
        <tr>
          <th scope="col">At</th>
          {all.map((series) => (
            <th key={series.id} scope="col" className="number">
              {name(series)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {moments.slice(0, ROWS).map((at) => (
          <tr key={at}>
            <td data-label="At">
              <At at={at} />
            </td>
            {all.map((series, index) => {
              const value = columns[index]?.get(at);
              return (
                <td key={series.id} className="number" data-label={name(series)}>
                  {value === undefined ? (
                    <span className="quiet">not measured</span>
                  ) : (
                    inUnit(value, series.unit)
                  )}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
