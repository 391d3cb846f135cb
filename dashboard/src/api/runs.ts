// The part of REST that acts on the world: runbooks, their runs, and the switch that stops them all.
import { body, once, rest } from "./client";
import type { Execution, ExecutionPage, KillSwitch, Level, Runbook, RunbookList } from "./types";

export const fetchRunbooks = (): Promise<RunbookList> => body(rest.GET("/api/v1/runbooks"));

export const fetchRunbook = (id: string): Promise<Runbook> =>
  body(rest.GET("/api/v1/runbooks/{id}", { params: { path: { id } as never } }));

/** Less trust always; more only where the promotion policy finds the record good enough. */
export const setLevel = (id: string, level: Level, reason: string, key: string): Promise<Runbook> =>
  body(
    rest.POST("/api/v1/runbooks/{id}/level", {
      params: { path: { id } as never },
      headers: once(key),
      body: { level, reason } as never,
    }),
  );

export type RunQuery = { incident_id?: string; runbook_id?: string; cursor?: string };

export const fetchExecutions = (query: RunQuery, limit = 100): Promise<ExecutionPage> =>
  body(rest.GET("/api/v1/executions", { params: { query: { ...query, limit } as never } }));

export const fetchExecution = (id: string): Promise<Execution> =>
  body(rest.GET("/api/v1/executions/{id}", { params: { path: { id } as never } }));

export type Given = Record<string, string | number | boolean | null>;

export type RunWish = { incident_id: string; mode: Execution["mode"]; parameters?: Given };

/** A rehearsal, or a plan that waits for its signature; neither acts by itself. */
export const requestRun = (runbook: string, wish: RunWish, key: string): Promise<Execution> =>
  body(
    rest.POST("/api/v1/runbooks/{id}/executions", {
      params: { path: { id: runbook } as never },
      headers: once(key),
      body: wish as never,
    }),
  );

/** Signs one plan by its hash: any other one is refused. */
export const approveRun = (
  id: string,
  signed: { plan_hash: string; reason: string },
  key: string,
): Promise<Execution> =>
  body(
    rest.POST("/api/v1/executions/{id}/approve", {
      params: { path: { id } as never },
      headers: once(key),
      body: signed as never,
    }),
  );

export const rejectRun = (id: string, reason: string, key: string): Promise<Execution> =>
  body(
    rest.POST("/api/v1/executions/{id}/reject", {
      params: { path: { id } as never },
      headers: once(key),
      body: { reason } as never,
    }),
  );

/** Takes one's own signature back, while the run has not begun. */
export const revokeSignature = (id: string, reason: string, key: string): Promise<Execution> =>
  body(
    rest.POST("/api/v1/executions/{id}/revoke", {
      params: { path: { id } as never },
      headers: once(key),
      body: { reason } as never,
    }),
  );

/** All inputs, of which it is planned anew: signatures that were given are void. */
export const editRun = (id: string, parameters: Given, reason: string, key: string): Promise<Execution> =>
  body(
    rest.POST("/api/v1/executions/{id}/edit", {
      params: { path: { id } as never },
      headers: once(key),
      body: { parameters, reason } as never,
    }),
  );

export type AnswerWish = { step: number; answer: "continue" | "stop"; reason: string };

export const answerRun = (id: string, answer: AnswerWish, key: string): Promise<Execution> =>
  body(
    rest.POST("/api/v1/executions/{id}/answer", {
      params: { path: { id } as never },
      headers: once(key),
      body: answer as never,
    }),
  );

/** After the step it is at. */
export const stopRun = (id: string, key: string): Promise<Execution> =>
  body(
    rest.POST("/api/v1/executions/{id}/stop", {
      params: { path: { id } as never },
      headers: once(key),
      body: { after_step: true } as never,
    }),
  );

/** Now, in the middle of a step. */
export const cancelRun = (id: string, key: string): Promise<Execution> =>
  body(
    rest.POST("/api/v1/executions/{id}/cancel", {
      params: { path: { id } as never },
      headers: once(key),
    }),
  );

export const stopAllRuns = (reason: string, key: string): Promise<KillSwitch> =>
  body(rest.POST("/api/v1/runbooks/stop", { headers: once(key), body: { reason } as never }));

export const resumeRuns = (key: string): Promise<KillSwitch> =>
  body(rest.POST("/api/v1/runbooks/resume", { headers: once(key) }));
