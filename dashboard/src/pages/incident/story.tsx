// When it was seen, where, and beside which changes: a lane for each cluster, hatched where one is not heard.
import { useRef } from "react";
import { Link } from "react-router";
import type { IncidentDetail } from "../../api/types";
import { severityRank, useClusters } from "../../live/hooks";
import { useNow } from "../../live/pulse";
import { arrowed, ledgerAt } from "../../parts/change";
import { place, timeTicks } from "../../parts/plot/scale";
import { toneOfSeverity } from "../../parts/shape";
import { useWidth } from "../../parts/width";
import { useZone } from "../../shell/preferences";
import { clock, hourMinute, zoneName } from "../../time/format";
import { lanesOf, type Made, type StoryLane, spanOf } from "./story-data";

/** The width of a receipt's number, and of the name in front of a lane. */
const NUMBER_PX = 36;
const NAME_PX = 130;
/** Half of a time under the lanes: one nearer to an end than this would be cut off. */
const HALF_TIME_PX = 27;

const percent = (share: number): string => `${(share * 100).toFixed(3)}%`;

export function Story({ incident }: { incident: IncidentDetail }) {
  const now = useNow();
  const zone = useZone();
  const span = spanOf(incident, now);
  const box = useRef<HTMLDivElement>(null);
  const track = Math.max(200, useWidth(box) - NAME_PX);
  const lanes = lanesOf(incident, useClusters(), span, NUMBER_PX / track);
  const edge = HALF_TIME_PX / track;
  const opened = place(Date.parse(incident.opened_at), span);
  const short = span.to - span.from < 240_000;
  return (
    <div className="story" ref={box}>
      {lanes.map((lane) => (
        <div key={lane.cluster} className="lane story-lane">
          <Link className="lane-name" to={`/fleet/${encodeURIComponent(lane.cluster)}`}>
            <span className="clip">{lane.cluster}</span>
          </Link>
          <div className="track">
            <i className="story-open" style={{ left: percent(opened) }} />
            {lane.silentFrom !== null && (
              <i
                className="silence hatched"
                title="Not heard: nothing is assumed"
                style={{ left: percent(lane.silentFrom), right: 0 }}
              />
            )}
            <Evidence lane={lane} />
            {lane.made.map((made) => (
              <Change key={made.change.id} made={made} />
            ))}
            {lane.numbers.map(({ numbers, left }) => (
              <span key={numbers[0]} className="story-numbers" style={{ left: percent(left) }}>
                {numbers.map((number) => (
                  <a key={number} className="receipt-number story-number" href={`#E${number}`}>
                    E{number}
                  </a>
                ))}
              </span>
            ))}
          </div>
        </div>
      ))}
      <div className="lane axis" aria-hidden="true">
        <span className="quiet">{zoneName(span.to, zone)}</span>
        <div className="track">
          {timeTicks(span, 6)
            .filter((at) => place(at, span) > edge && place(at, span) < 1 - edge)
            .map((at) => (
              <span key={at} style={{ left: percent(place(at, span)) }}>
                {short ? clock(at, zone) : hourMinute(at, zone)}
              </span>
            ))}
        </div>
      </div>
    </div>
  );
}

/** Marks as tall as they are severe; the receipts below have them in words. */
function Evidence({ lane }: { lane: StoryLane }) {
  return lane.seen.map(({ evidence, left }) => (
    <i
      key={evidence.id}
      className={`story-mark tone-${toneOfSeverity(evidence.severity)}`}
      style={{ left: percent(left), height: `${18 - 3 * Math.min(4, severityRank(evidence.severity))}px` }}
      title={`${evidence.severity}: ${evidence.kind}`}
    />
  ));
}

function Change({ made: { change, left, isSuspect } }: { made: Made }) {
  const words = arrowed(change.summary);
  return (
    <Link
      className={`story-change${isSuspect ? " story-suspect" : ""}${left > 0.7 ? " story-left" : ""}`}
      style={{ left: percent(left) }}
      to={ledgerAt(change.at, { cluster: change.cluster_name })}
      aria-label={`${isSuspect ? "suspected " : ""}change: ${words}`}
      title={words}
    >
      {isSuspect && <span>{words}</span>}
    </Link>
  );
}
