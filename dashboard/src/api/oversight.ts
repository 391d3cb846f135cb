// What the policy said and what is written down: REST for those who look after the agent itself.
import { body, once, rest } from "./client";
import type { AuditCheck, AuditExport, AuditPage, DecisionPage, PolicyList, PolicyTest } from "./types";

export type DecisionQuery = {
  result?: string;
  point?: string;
  execution_id?: string;
  runbook_id?: string;
  incident_id?: string;
  cursor?: string;
};

export const fetchDecisions = (query: DecisionQuery, limit = 100): Promise<DecisionPage> =>
  body(rest.GET("/api/v1/decisions", { params: { query: { ...query, limit } as never } }));

export const fetchPolicies = (): Promise<PolicyList> => body(rest.GET("/api/v1/policies"));

/** Asks the rules about a made-up document; nothing follows from it. */
export const tryPolicy = (input: Record<string, unknown>, key: string): Promise<PolicyTest> =>
  body(rest.POST("/api/v1/policies/test", { headers: once(key), body: { input } as never }));

export type AuditQuery = { actor?: string; act?: string; target?: string; cursor?: string };

export const fetchAudit = (query: AuditQuery, limit = 100): Promise<AuditPage> =>
  body(rest.GET("/api/v1/audit", { params: { query: { ...query, limit } as never } }));

/** Computes the whole chain anew. */
export const verifyAudit = (): Promise<AuditCheck> =>
  body(rest.GET("/api/v1/audit/verify", { params: { query: {} } }));

/** All of it, oldest first, page by page. That it was asked for is written down, too. */
export async function exportAudit(): Promise<AuditExport["items"]> {
  const items: AuditExport["items"] = [];
  let next: number | null = null;
  do {
    const query: Record<string, number> = next === null ? { limit: 1000 } : { limit: 1000, from_seq: next };
    const page = await body<AuditExport>(
      rest.GET("/api/v1/audit/export", { params: { query: query as never } }),
    );
    items.push(...page.items);
    next = page.next_seq;
  } while (next !== null);
  return items;
}
