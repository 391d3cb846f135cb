// What the agent says on the stream, one case a frame type. See the contract of the WebSocket.
import type { Change, Cluster, Execution, Incident, KronveilEvent, Snapshot, Status } from "../api/types";

type Numbered<Type extends string, Data> = { type: Type; seq: number; prev: number; at: string; data: Data };

export type Delta =
  | Numbered<"event", KronveilEvent>
  | Numbered<"incident", Incident>
  | Numbered<"cluster", Cluster>
  | Numbered<"change", Change>
  | Numbered<"execution", Execution>
  | Numbered<"anomaly", unknown>;

export type Frame =
  | { type: "hello"; seq: number; epoch: string; at: string; snapshot?: Snapshot | null }
  | { type: "status"; seq: number; at: string; data: Status }
  | { type: "gap"; from: number; to: number; at?: string }
  | { type: "ping" }
  | { type: "error"; detail: string }
  | Delta;

export type Message = Frame | { type: "batch"; frames: Frame[] };
