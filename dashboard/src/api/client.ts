// The one door to REST: typed calls that either return the body or throw the server's own words.
import createClient from "openapi-fetch";
import type { paths } from "./schema";
import { currentToken } from "./session";
import type {
  ChangePage,
  Cluster,
  Collector,
  EventPage,
  Explanation,
  Facets,
  Health,
  Incident,
  IncidentDetail,
  IncidentPage,
  KronveilEvent,
  Me,
  NewToken,
  Overview,
  Part,
  PodPage,
  Probe,
  Role,
  SeriesPage,
  Setting,
  SignalList,
  Silence,
  Status,
  Token,
  WorkloadPage,
} from "./types";

export const rest = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "",
  fetch: (request) => globalThis.fetch(request),
});

rest.use({
  onRequest: ({ request }) => {
    const token = currentToken();
    if (token) request.headers.set("Authorization", `Bearer ${token}`);
    return request;
  },
});

/** A refusal in the server's words (RFC 9457), or no answer at all (`status` 0). */
export class Refused extends Error {
  readonly status: number;
  readonly title: string;
  readonly requestId: string | null;

  constructor(status: number, title: string, detail: string, requestId: string | null) {
    super(detail);
    this.status = status;
    this.title = title;
    this.requestId = requestId;
  }
}

const words = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** Reads a problem document of any completeness; falls back to the status line. */
export function refusalOf(error: unknown, response: Response): Refused {
  const problem = typeof error === "object" && error !== null ? (error as Record<string, unknown>) : {};
  const title = words(problem.title) ?? words(response.statusText) ?? "The agent refused the request";
  const detail = words(problem.detail) ?? words(error) ?? `The agent answered ${response.status}.`;
  const requestId = words(problem.request_id) ?? response.headers.get("x-request-id");
  return new Refused(response.status, title, detail, requestId);
}

export async function body<Body>(
  call: Promise<{ data?: unknown; error?: unknown; response: Response }>,
): Promise<Body> {
  const { data, error, response } = await call.catch(() => {
    throw new Refused(0, "No answer from the agent", "The agent could not be reached at this address.", null);
  });
  if (data === undefined || !response.ok) throw refusalOf(error, response);
  return data as Body;
}

export type IncidentQuery = {
  status?: string;
  severity?: string;
  cluster?: string;
  q?: string;
  cursor?: string;
};

export const fetchIncidents = (query: IncidentQuery, limit = 100): Promise<IncidentPage> =>
  body(rest.GET("/api/v1/incidents", { params: { query: { ...query, limit } as never } }));

/** How many a list would have with each value of each filter; no incident comes with it but one. */
export const fetchFacets = async (query: IncidentQuery): Promise<Facets | null> =>
  (
    await body<IncidentPage>(
      rest.GET("/api/v1/incidents", { params: { query: { ...query, facets: true, limit: 1 } as never } }),
    )
  ).facets;

export const fetchIncident = (id: string): Promise<IncidentDetail> =>
  body(rest.GET("/api/v1/incidents/{id}", { params: { path: { id } as never } }));

export type ChangeQuery = {
  kind?: string;
  cluster?: string;
  target?: string;
  around?: string;
  window_s?: number;
  cursor?: string;
};

export const fetchChanges = (query: ChangeQuery, limit = 100): Promise<ChangePage> =>
  body(rest.GET("/api/v1/changes", { params: { query: { ...query, limit } as never } }));

export const fetchStatus = (): Promise<Status> => body(rest.GET("/api/v1/status"));

export const fetchClusters = async (): Promise<Cluster[]> =>
  (await body<{ items: Cluster[] }>(rest.GET("/api/v1/clusters", { params: { query: { limit: 500 } } })))
    .items;

export const fetchEvents = async (limit = 100): Promise<KronveilEvent[]> =>
  (await body<{ items: KronveilEvent[] }>(rest.GET("/api/v1/events", { params: { query: { limit } } })))
    .items;

/** A degraded agent answers 503 with the same body when its store or all intake is down. */
export async function fetchHealth(): Promise<Health> {
  const { data, error, response } = await rest.GET("/api/v1/health").catch(() => {
    throw new Refused(0, "No answer from the agent", "The agent could not be reached at this address.", null);
  });
  const found = data ?? (error as unknown as Health | undefined);
  if (found && "components" in found) return found;
  throw refusalOf(error, response);
}

export const probe = (name: string): Promise<Probe> =>
  body(rest.POST("/api/v1/clusters/{name}/probe", { params: { path: { name } } }));

/** Opens one stream, once: a token never goes into an address. */
export const fetchTicket = async (): Promise<string> =>
  (await body<{ ticket: string }>(rest.POST("/api/v1/stream/tickets"))).ticket;

/** A fresh Idempotency-Key; `randomUUID` is missing on plain HTTP, where this console is also served. */
export const newKey = (): string =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

// A retry of the same click carries the same key, so the agent acts once.
export const once = (key: string) => ({ "Idempotency-Key": key });

export const acknowledge = (id: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/acknowledge", {
      params: { path: { id } as never },
      headers: once(key),
      body: {} as never,
    }),
  );

export const resolve = (id: string, reason: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/resolve", {
      params: { path: { id } as never },
      headers: once(key),
      body: { reason } as never,
    }),
  );

/** Empty: nobody's. */
export const assign = (id: string, to: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/assign", {
      params: { path: { id } as never },
      headers: once(key),
      body: { to: to || null } as never,
    }),
  );

export const note = (id: string, text: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/note", {
      params: { path: { id } as never },
      headers: once(key),
      body: { text } as never,
    }),
  );

export const reopen = (id: string, reason: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/reopen", {
      params: { path: { id } as never },
      headers: once(key),
      body: { reason } as never,
    }),
  );

/** Takes back one's own last act on it. */
export const undo = (id: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/undo", {
      params: { path: { id } as never },
      headers: once(key),
      body: {} as never,
    }),
  );

export const fetchMe = (): Promise<Me> => body(rest.GET("/api/v1/me"));

/** The configuration in force, leaf by leaf; secrets come masked. */
export const fetchSettings = async (): Promise<Setting[]> =>
  (await body<{ items: Setting[] }>(rest.GET("/api/v1/config"))).items;

export const fetchParts = async (): Promise<Part[]> =>
  (await body<{ items: Part[] }>(rest.GET("/api/v1/parts"))).items;

export const fetchCollectors = async (): Promise<Collector[]> =>
  (await body<{ items: Collector[] }>(rest.GET("/api/v1/collectors"))).items;

export const fetchTokens = async (): Promise<Token[]> =>
  (await body<{ items: Token[] }>(rest.GET("/api/v1/tokens"))).items;

export type TokenWish = { name: string | null; role: Role; expires_s: number | null };

/** The answer is the only place where the token's text ever is. */
export const createToken = (wish: TokenWish, key: string): Promise<NewToken> =>
  body(rest.POST("/api/v1/tokens", { headers: once(key), body: wish as never }));

/** For what is answered without a body. */
async function nothing(call: Promise<{ error?: unknown; response: Response }>): Promise<void> {
  const { error, response } = await call.catch(() => {
    throw new Refused(0, "No answer from the agent", "The agent could not be reached at this address.", null);
  });
  if (!response.ok) throw refusalOf(error, response);
}

export const revokeToken = (id: string, key: string): Promise<void> =>
  nothing(
    rest.DELETE("/api/v1/tokens/{id}", { params: { path: { id } as never }, headers: once(key) as never }),
  );

/** Puts others under this one; each keeps its id and its timeline. */
export const merge = (id: string, ids: readonly string[], key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/merge", {
      params: { path: { id } as never },
      headers: once(key),
      body: { ids } as never,
    }),
  );

/** Takes it out from under the incident that it was put under. */
export const split = (id: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/split", {
      params: { path: { id } as never },
      headers: once(key),
      body: {} as never,
    }),
  );

export const pin = (id: string, eventId: string, key: string): Promise<Incident> =>
  body(
    rest.POST("/api/v1/incidents/{id}/pin", {
      params: { path: { id } as never },
      headers: once(key),
      body: { event_id: eventId } as never,
    }),
  );

export const pauseCluster = (name: string, reason: string, key: string): Promise<Cluster> =>
  body(
    rest.POST("/api/v1/clusters/{name}/pause", {
      params: { path: { name } as never },
      headers: once(key),
      body: { reason } as never,
    }),
  );

export const resumeCluster = (name: string, key: string): Promise<Cluster> =>
  body(
    rest.POST("/api/v1/clusters/{name}/resume", {
      params: { path: { name } as never },
      headers: once(key),
      body: {} as never,
    }),
  );

/** At least one pattern; an empty one matches anything. */
export type Pattern = { cluster: string; namespace: string; kind: string };

export const fetchSilences = async (): Promise<Silence[]> =>
  (await body<{ items: Silence[] }>(rest.GET("/api/v1/silences", { params: { query: {} } }))).items;

/** Which incidents such a silence would hush; changes nothing. */
export const previewSilence = async (pattern: Pattern): Promise<Incident[]> =>
  (await body<{ items: Incident[] }>(rest.POST("/api/v1/silences/preview", { body: pattern as never })))
    .items;

export const silence = (
  wish: Pattern & { reason: string; ends_at: string; maintenance: boolean },
  key: string,
): Promise<Silence> => body(rest.POST("/api/v1/silences", { headers: once(key), body: wish as never }));

export const endSilence = (id: string, key: string): Promise<void> =>
  nothing(
    rest.DELETE("/api/v1/silences/{id}", { params: { path: { id } as never }, headers: once(key) as never }),
  );

export type EventQuery = {
  cluster?: string;
  kind?: string;
  severity?: string;
  since?: string;
  cursor?: string;
};

export const fetchEventPage = (query: EventQuery, limit = 100): Promise<EventPage> =>
  body(rest.GET("/api/v1/events", { params: { query: { ...query, limit } as never } }));

/** What became of an event, stage by stage, and the event itself while it is stored. */
export const fetchExplanation = (id: string): Promise<Explanation> =>
  body(rest.GET("/api/v1/events/{id}/explain", { params: { path: { id } as never } }));

export type PodQuery = {
  cluster: string;
  q?: string;
  namespace?: string;
  node?: string;
  owner?: string;
  cursor?: string;
};

/** The worst first; `total` is null while the agent does not hold every pod of the cluster. */
export const fetchPods = (query: PodQuery, limit = 200): Promise<PodPage> =>
  body(rest.GET("/api/v1/pods", { params: { query: { ...query, limit } as never } }));

export type WorkloadQuery = {
  cluster?: string;
  q?: string;
  namespace?: string;
  kind?: string;
  cursor?: string;
};

export const fetchWorkloads = (query: WorkloadQuery, limit = 200): Promise<WorkloadPage> =>
  body(rest.GET("/api/v1/workloads", { params: { query: { ...query, limit } as never } }));

/** `since`: when the reader looked last; the lanes reach `window_s` back. */
export const fetchOverview = (query: { since?: string; window_s: number }): Promise<Overview> =>
  body(rest.GET("/api/v1/overview", { params: { query: query as never } }));

/** Which quantities are measured, and how it stands with each cluster's source of them. */
export const fetchSignals = (cluster?: string): Promise<SignalList> =>
  body(rest.GET("/api/v1/signals", { params: { query: (cluster ? { cluster } : {}) as never } }));

export type SeriesQuery = {
  signal?: string;
  cluster?: string;
  namespace?: string;
  kind?: string;
  name?: string;
  container?: string;
  owner?: string;
  owner_kind?: string;
  since?: string;
  until?: string;
  cursor?: string;
  max_points?: number;
  /** False: only which series there are, each with its newest value. */
  points?: boolean;
};

/** Values in a range of time; without one, of the last hour. */
export const fetchSeries = (query: SeriesQuery, limit = 20): Promise<SeriesPage> =>
  body(rest.GET("/api/v1/series", { params: { query: { ...query, limit } as never } }));
