// Lines the reader must not miss: a simulated world, an agent that is not heard, a past that is gone.
import { FlaskConical } from "lucide-react";
import { useClusters } from "../live/hooks";
import { useIndicator, useTrust, useWallClock } from "../live/pulse";
import { isHeard } from "../live/signals";
import { retryNow } from "../live/start";
import { live, useLive } from "../live/store";
import { Shape } from "../parts/shape";
import { Moment } from "../parts/times";
import { duration, plural } from "../time/format";
import { UnhealthyNotice } from "./agent-health";

export function Notices() {
  return (
    <>
      <SimulatedBanner />
      <DisconnectedBanner />
      <UnhealthyNotice />
      <GapNotice />
    </>
  );
}

function SimulatedBanner() {
  const simulated = useLive((view) => view.world.status?.simulated ?? false);
  if (!simulated) return null;
  return (
    <div className="notice notice-lab" role="note">
      <FlaskConical size={14} aria-hidden="true" />
      <strong>Simulated world: this is the incident lab.</strong>
      <span className="second">Nothing here is a real cluster.</span>
    </div>
  );
}

function DisconnectedBanner() {
  const { disconnected, asOf } = useTrust();
  const state = useIndicator();
  const clusters = useClusters();
  const now = useWallClock();
  const signIn = useLive((view) => view.link.signIn);
  if (!disconnected || state.word !== "Disconnected" || signIn) return null;
  const reporting = clusters.filter(isHeard).length;
  return (
    <div className="notice notice-warn" role="alert">
      <Shape tone="high" />
      {asOf === null ? (
        <strong>This page has not heard from the agent yet.</strong>
      ) : (
        <strong>
          Nothing after <Moment ms={asOf} /> is known to this page.
        </strong>
      )}
      <span className="second">
        {asOf !== null &&
          `Values are the last real ones, ${duration((now - asOf) / 1000)} old; ${reporting} of ${plural(clusters.length, "cluster")} reported then. `}
        {state.why ? `Reason: ${state.why}. ` : ""}Writes are off until the agent answers.
      </span>
      <button type="button" className="button" onClick={retryNow}>
        Retry now
      </button>
    </div>
  );
}

function GapNotice() {
  const gap = useLive((view) => view.world.gap);
  if (!gap) return null;
  return (
    <div className="notice" role="status">
      <Shape tone="partial" />
      <strong>A part of the past could not be replayed.</strong>
      <span className="second">
        Messages {gap.from.toLocaleString("en-US")} to {gap.to.toLocaleString("en-US")} are gone from the
        agent's memory; this page took a new snapshot instead. Incidents and totals are complete.
      </span>
      <button type="button" className="button" onClick={live.forgetGap}>
        Understood
      </button>
    </div>
  );
}
