// The frame of a plot over time: axes with the zone named, hatching where nothing is known, a moment read out, a table beside.
import { type ReactNode, useId, useRef, useState } from "react";
import { useZone } from "../../shell/preferences";
import { clock, hourMinute, zoneName } from "../../time/format";
import { useWidth } from "../width";
import { lettered, type Mark } from "./marks";
import { place, type Span, short, timeTicks } from "./scale";

export type Unknown = Span & { readonly why: string };

export const LEFT = 52;
const RIGHT = 12;
const TOP = 18;
const BOTTOM = 20;

/** Where the drawing may stand, in pixels of the SVG. */
export type Area = {
  x: (at: number) => number;
  y: (value: number) => number;
  /** Its left edge. */
  x0: number;
  width: number;
  height: number;
};

export function PlotFrame(props: {
  label: string;
  span: Span;
  values: readonly number[];
  height: number;
  unknown: readonly Unknown[];
  marks?: readonly Mark[];
  unit?: string;
  /** A value as the axis says it; without it, short and decimal. */
  say?: (value: number) => string;
  draw: (area: Area) => ReactNode;
  /** What stands at a moment, in words; null where nothing does. */
  readout: (at: number) => { at: number; words: string } | null;
  table: ReactNode;
}) {
  const { label, span, values, height, unknown, marks = [], unit = "" } = props;
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const zone = useZone();
  const hatch = useId();
  const [at, setAt] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const top = values.at(-1) ?? 1;
  const bottom = values[0] ?? 0;
  const inner = Math.max(10, width - LEFT - RIGHT);
  const deep = height - TOP - BOTTOM;
  const x = (moment: number) => LEFT + place(moment, span) * inner;
  const y = (value: number) => TOP + deep - ((value - bottom) / (top - bottom || 1)) * deep;
  const read = at === null ? null : props.readout(at);
  const point = (event: React.PointerEvent) => {
    const left = event.currentTarget.getBoundingClientRect().left;
    const share = (event.clientX - left - LEFT) / inner;
    setAt(share < 0 || share > 1 ? null : span.from + share * (span.to - span.from));
  };
  const step = (event: React.KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    const moved = (at ?? span.to) + (by * (span.to - span.from)) / 60;
    setAt(Math.min(span.to, Math.max(span.from, moved)));
  };
  return (
    <div className="plot" ref={box}>
      {/* biome-ignore lint/a11y/useSemanticElements: a drawing that is read with the arrow keys */}
      <div
        className="plot-stage"
        role="group"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the arrow keys read the plot out
        tabIndex={0}
        aria-label={`${label}; arrow keys read it out`}
        onPointerMove={point}
        onPointerLeave={() => setAt(null)}
        onKeyDown={step}
        onBlur={() => setAt(null)}
      >
        <svg width={width} height={height} role="img" aria-label={label}>
          <defs>
            <pattern
              id={hatch}
              width="6"
              height="6"
              patternUnits="userSpaceOnUse"
              patternTransform="rotate(45)"
            >
              <line x1="0" y1="0" x2="0" y2="6" className="plot-hatch" />
            </pattern>
          </defs>
          {values.map((value) => (
            <g key={value}>
              <line className="plot-grid" x1={LEFT} x2={width - RIGHT} y1={y(value)} y2={y(value)} />
              <text className="plot-text" x={LEFT - 8} y={y(value) + 4} textAnchor="end">
                {(props.say ?? short)(value)}
                {unit && value === top ? ` ${unit}` : ""}
              </text>
            </g>
          ))}
          {timeTicks(span, width < 500 ? 3 : 8).map((tick) => (
            <text key={tick} className="plot-text" x={x(tick)} y={height - 5} textAnchor="middle">
              {span.to - span.from < 120_000 ? clock(tick, zone) : hourMinute(tick, zone)}
            </text>
          ))}
          {unknown.map((gap) => (
            <rect
              key={`${gap.from} ${gap.why}`}
              x={x(Math.max(gap.from, span.from))}
              y={TOP}
              width={Math.max(2, x(Math.min(gap.to, span.to)) - x(Math.max(gap.from, span.from)))}
              height={deep}
              fill={`url(#${hatch})`}
              data-gap={gap.why}
            >
              <title>{gap.why}</title>
            </rect>
          ))}
          {props.draw({ x, y, x0: LEFT, width: inner, height: deep })}
          {lettered(marks, x, width).map((mark) => (
            <g key={`${mark.at} ${mark.label}`} className={`plot-mark ${mark.tone}`}>
              <title>{mark.label}</title>
              <line x1={x(mark.at)} x2={x(mark.at)} y1={TOP - 4} y2={TOP + deep} />
              {mark.side !== null && (
                <text
                  x={x(mark.at) + (mark.side === "left" ? -5 : 5)}
                  y={TOP - 6}
                  textAnchor={mark.side === "left" ? "end" : "start"}
                >
                  {mark.label}
                </text>
              )}
            </g>
          ))}
          {read && <line className="plot-cursor" x1={x(read.at)} x2={x(read.at)} y1={TOP} y2={TOP + deep} />}
        </svg>
        <p className="plot-readout" aria-live="polite">
          {read ? (
            <>
              <span className="mono">
                {clock(read.at, zone)} {zoneName(read.at, zone)}
              </span>{" "}
              {read.words}
            </>
          ) : (
            <span className="quiet">{zoneName(span.to, zone)}</span>
          )}
        </p>
      </div>
      <button
        type="button"
        className="text-button"
        aria-expanded={asTable}
        onClick={() => setAsTable(!asTable)}
      >
        {asTable ? "Without the table" : "As a table"}
      </button>
      {asTable && <div className="plot-table">{props.table}</div>}
    </div>
  );
}
