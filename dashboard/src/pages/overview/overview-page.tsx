// What needs me, how is the fleet, can I trust this screen?

import type { Overview } from "../../api/types";
import { useActiveRoots, useClusters } from "../../live/hooks";
import { useLive } from "../../live/store";
import { lastVisit } from "../../live/visits";
import { AsOf, Loading } from "../../parts/panel";
import { Age } from "../../parts/times";
import { useTitle } from "../../shell/title";
import { duration, plural } from "../../time/format";
import { Books } from "./books";
import { Feed } from "./feed";
import { Figures } from "./figures";
import { FirstPaint } from "./first-paint";
import { FirstRun } from "./first-run";
import { NeedsYou } from "./needs-you";
import { useOverview } from "./overview-data";
import { Recovered } from "./recovered";
import { FleetTimeline } from "./timeline";
import { WhatChanged } from "./what-changed";

export function OverviewPage() {
  useTitle("Overview");
  const known = useLive((view) => view.world.known);
  const clusters = useClusters();
  const overview = useOverview(FIRST_MINUTES);
  if (!known && overview && overview.lanes.length > 0) return <FirstPaint overview={overview} />;
  if (!known) {
    return (
      <div className="page">
        <h1>Overview</h1>
        <Loading what="the fleet" rows={6} />
      </div>
    );
  }
  if (clusters.length === 0) return <FirstRun />;
  return (
    <div className="page overview">
      <header className="page-head">
        <h1>Overview</h1>
        <AsOf />
        <Summary overview={overview} />
      </header>
      <NeedsYou />
      <Figures />
      <FleetTimeline />
      <Feed />
      <WhatChanged />
      <Recovered />
      <Books />
    </div>
  );
}

/** What is asked for before anything is known of how long the agent has watched. */
const FIRST_MINUTES = 180;

function Summary({ overview }: { overview: Overview | undefined }) {
  const active = useActiveRoots();
  const visited = lastVisit();
  const status = useLive((view) => view.world.status);
  const unseen = active.filter((incident) => incident.status === "open").length;
  if (!status) return null;
  if (visited && overview) return <SinceVisit since={overview.since} />;
  return (
    <p className="second">
      The agent has watched for {duration(status.uptime_s)}:{" "}
      {active.length === 0
        ? "no incident is open"
        : `${plural(active.length, "incident")} not over, ${unseen === 0 ? "all acknowledged" : `${unseen} unacknowledged`}`}
    </p>
  );
}

/** What the reader missed, counted by the agent. */
function SinceVisit({ since }: { since: Overview["since"] }) {
  return (
    <p className="second">
      Since your last visit, <Age at={since.at} /> ago: {plural(since.opened, "incident")} opened,{" "}
      {since.recovered} recovered{since.gaps > 0 && ` · ${plural(since.gaps, "gap")} in coverage`}
    </p>
  );
}
