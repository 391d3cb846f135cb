// The sentence, and the drawing of it: where and when, beside what was changed.
import type { IncidentDetail } from "../../api/types";
import { Panel } from "../../parts/panel";
import { ClusterNames } from "../../parts/resource";
import { plural } from "../../time/format";
import { Story } from "./story";

export function WhatBroke({ incident }: { incident: IncidentDetail }) {
  return (
    <Panel title="What broke" aside={<span className="quiet">each mark is a piece of evidence</span>}>
      <p className="sentence">
        <bdi>{incident.title}</bdi>. Seen {plural(incident.event_count, "time")} in{" "}
        <ClusterNames incident={incident} end="." />
      </p>
      <Story incident={incident} />
    </Panel>
  );
}
