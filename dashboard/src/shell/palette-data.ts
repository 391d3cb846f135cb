// What the palette offers for some words: pages, what this page knows by name, workloads, and what can be done. Pure.
import type { Cluster, Incident, Runbook, Workload } from "../api/types";
import { type Tone, toneOfSeverity, toneOfState } from "../parts/shape";

export type Offer = {
  label: string;
  /** What it is, beside its name. */
  more: string;
  tone: Tone | null;
  /** Where it leads, or what it does. */
  to: string | (() => void);
};

const PAGES: readonly (readonly [string, string, string])[] = [
  ["Overview", "/", "page"],
  ["Incidents", "/incidents", "page"],
  ["Resolved incidents", "/incidents?status=resolved", "view of Incidents"],
  ["Fleet", "/fleet", "page"],
  ["Explore", "/explore", "page"],
  ["Signals", "/explore?view=signals", "view of Explore: memory and CPU over time"],
  ["Changes", "/changes", "page"],
  ["Runbooks", "/runbooks", "page"],
  ["Automatic runbooks", "/runbooks?auto=auto", "view of Runbooks"],
  ["Parts", "/parts", "page"],
  ["Policy & Audit", "/policy", "page"],
  ["Audit", "/policy?view=audit", "view of Policy & Audit"],
  ["Rules", "/policy?view=rules", "view of Policy & Audit"],
  ["Settings", "/settings", "page"],
  ["Tokens", "/settings", "part of Settings"],
  ["Changed settings", "/settings?only=set", "view of Settings"],
];

export type Known = {
  incidents: Iterable<Incident>;
  clusters: readonly Cluster[];
  workloads: readonly Workload[];
  runbooks: readonly Runbook[];
  commands: readonly Offer[];
};

const fleet = (name: string, view = ""): string => `/fleet/${encodeURIComponent(name)}${view}`;

const ofCluster = ({ name, state }: Cluster): Offer[] => [
  { label: name, more: `cluster · ${state}`, tone: toneOfState(state), to: fleet(name) },
  { label: `Pods of ${name}`, more: "view of a cluster", tone: null, to: fleet(name, "?view=pods") },
  {
    label: `Workloads of ${name}`,
    more: "view of a cluster",
    tone: null,
    to: fleet(name, "?view=workloads"),
  },
];

const ofIncident = ({ id, title, status, severity }: Incident): Offer => ({
  label: title,
  more: `${status} · ${id}`,
  tone: toneOfSeverity(severity),
  to: `/incidents/${encodeURIComponent(id)}`,
});

const ofRunbook = ({ id, name, level }: Runbook): Offer => ({
  label: name,
  more: `runbook · ${level === "automatic" ? "auto" : "manual"}`,
  tone: null,
  to: `/runbooks/${encodeURIComponent(id)}`,
});

const ofWorkload = ({ cluster, namespace, name, kind }: Workload): Offer => ({
  label: name,
  more: `${kind} · ${namespace ?? ""} · ${cluster}`,
  tone: null,
  to: fleet(
    cluster,
    `?${new URLSearchParams({ view: "pods", owner: name, ...(namespace ? { namespace } : {}) })}`,
  ),
});

/** Beside what is no thing by name, but a search for it. */
export const SEARCH = "search";

/** Where else the words could be looked for. */
const elsewhere = (sought: string): Offer[] =>
  sought.trim() === ""
    ? []
    : [
        {
          label: `Look for ${sought.trim()} in all incidents`,
          more: SEARCH,
          tone: null,
          to: `/incidents?${new URLSearchParams({ status: "all", q: sought.trim() })}`,
        },
        {
          label: `Look for ${sought.trim()} in the events`,
          more: SEARCH,
          tone: null,
          to: `/explore?${new URLSearchParams({ q: sought.trim() })}`,
        },
      ];

/** Every word must be found; what is named comes before what can be done, and a search comes last. */
export function offersFor(sought: string, known: Known, most: number): Offer[] {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = ({ label, more }: Offer) =>
    words.every((word) => `${label} ${more}`.toLowerCase().includes(word));
  const clusters = known.clusters.flatMap(ofCluster);
  const named = [
    ...PAGES.map(([label, to, more]): Offer => ({ label, more, tone: null, to })),
    ...[...known.incidents].map(ofIncident),
    ...clusters.filter(({ tone }) => tone !== null),
    ...known.commands,
    // Only words bring these: without any they would drown the pages.
    ...(words.length > 0
      ? [...known.runbooks.map(ofRunbook), ...clusters.filter(({ tone }) => tone === null)]
      : []),
  ].filter(matches);
  // The agent found these by the same words.
  const found = [...named.slice(0, most), ...known.workloads.map(ofWorkload)].slice(
    0,
    most + known.workloads.length,
  );
  return [...found, ...elsewhere(sought)];
}
