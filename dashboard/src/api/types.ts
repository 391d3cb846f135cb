// The words of the agent's API as the console says them; every shape comes from the generated schema.
import type { components, paths } from "./schema";

type Get<P extends keyof paths> = paths[P] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

export type IncidentPage = Get<"/api/v1/incidents">;
export type Facets = components["schemas"]["Facets"];
export type Incident = IncidentPage["items"][number];
export type IncidentDetail = Get<"/api/v1/incidents/{id}">;
export type Evidence = IncidentDetail["evidence"][number];
export type TimelineEntry = IncidentDetail["timeline"][number];
export type ClusterRef = Incident["clusters"][number];
export type Cluster = Get<"/api/v1/clusters">["items"][number];
export type ClusterState = Cluster["state"];
export type Fleet = Get<"/api/v1/fleet">;
export type KronveilEvent = Get<"/api/v1/events">["items"][number];
export type ChangePage = Get<"/api/v1/changes">;
export type Change = ChangePage["items"][number];
export type Suspect = Incident["suspects"][number];
export type Resource = Incident["resource"];
export type Books = Cluster["books"];
export type Severity = Incident["severity"];
export type IncidentStatus = Incident["status"];
export type Health = components["schemas"]["Health"];
export type Snapshot = components["schemas"]["Snapshot"];
export type Status = components["schemas"]["Status"];
export type Me = components["schemas"]["Me"];
export type Probe = components["schemas"]["Probe"];
export type Setting = Get<"/api/v1/config">["items"][number];
export type Part = Get<"/api/v1/parts">["items"][number];
export type Collector = Get<"/api/v1/collectors">["items"][number];
export type Token = components["schemas"]["Token"];
export type NewToken = components["schemas"]["NewToken"];
export type Role = Me["roles"][number];
export type EventPage = Get<"/api/v1/events">;
export type Explanation = Get<"/api/v1/events/{id}/explain">;
export type PodPage = Get<"/api/v1/pods">;
export type Pod = PodPage["items"][number];
export type WorkloadPage = Get<"/api/v1/workloads">;
export type Workload = WorkloadPage["items"][number];
export type Missing = PodPage["missing"][number];
export type Overview = Get<"/api/v1/overview">;
export type SignalList = Get<"/api/v1/signals">;
export type Signal = SignalList["items"][number];
export type SeriesPage = Get<"/api/v1/series">;
export type Series = SeriesPage["items"][number];
export type SignalSource = SignalList["sources"][number];
export type RunbookList = Get<"/api/v1/runbooks">;
export type Runbook = RunbookList["items"][number];
export type KillSwitch = components["schemas"]["KillSwitch"];
export type ExecutionPage = Get<"/api/v1/executions">;
export type Execution = ExecutionPage["items"][number];
export type Plan = NonNullable<Execution["plan"]>;
export type StepPlan = Plan["steps"][number];
export type StepRecord = Execution["steps"][number];
export type Check = StepPlan["checks"][number];
export type FieldDiff = StepPlan["diff"][number];
export type Silence = components["schemas"]["Silence"];
