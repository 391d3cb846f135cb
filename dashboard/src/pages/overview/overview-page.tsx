// What needs me, how is the fleet, can I trust this screen?

import { useActiveRoots, useClusters } from "../../live/hooks";
import { useLive } from "../../live/store";
import { AsOf, Loading } from "../../parts/panel";
import { useTitle } from "../../shell/title";
import { duration, plural } from "../../time/format";
import { Books } from "./books";
import { Feed } from "./feed";
import { Figures } from "./figures";
import { FirstRun } from "./first-run";
import { NeedsYou } from "./needs-you";
import { Recovered } from "./recovered";
import { FleetTimeline } from "./timeline";
import { WhatChanged } from "./what-changed";

export function OverviewPage() {
  useTitle("Overview");
  const known = useLive((view) => view.world.known);
  const clusters = useClusters();
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
        <Summary />
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

function Summary() {
  const active = useActiveRoots();
  const status = useLive((view) => view.world.status);
  const unseen = active.filter((incident) => incident.status === "open").length;
  if (!status) return null;
  return (
    <p className="second">
      The agent has watched for {duration(status.uptime_s)}:{" "}
      {active.length === 0
        ? "no incident is open"
        : `${plural(active.length, "incident")} not over, ${unseen === 0 ? "all acknowledged" : `${unseen} unacknowledged`}`}
    </p>
  );
}
