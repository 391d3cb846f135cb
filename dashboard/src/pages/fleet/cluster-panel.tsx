// One member in full: why it is as it is, who it is, what hangs on it, a probe that reads once more, and a pause.
import { useMutation } from "@tanstack/react-query";
import { Pause } from "lucide-react";
import { useRef } from "react";
import { Link } from "react-router";
import { newKey, pauseCluster, probe, resumeCluster } from "../../api/client";
import type { Cluster, Incident } from "../../api/types";
import { useActiveRoots } from "../../live/hooks";
import { useWritesOff } from "../../live/me";
import { useNow, useTrust } from "../../live/pulse";
import { isHeard } from "../../live/signals";
import { dropped } from "../../live/world";
import { ActDialog } from "../../parts/act-dialog";
import { Refusal } from "../../parts/dialog";
import { capital, Shape, toneOfState } from "../../parts/shape";
import { At } from "../../parts/times";
import { count, duration, secondsSince } from "../../time/format";

/** `alone` on its own page, which lists signals and incidents by itself. */
export function ClusterPanel({ cluster, alone = false }: { cluster: Cluster; alone?: boolean }) {
  const tone = toneOfState(cluster.state);
  const seconds = secondsSince(cluster.last_seen, useNow());
  return (
    <section
      className={`panel cluster-panel${isHeard(cluster) ? "" : " not-heard"}`}
      aria-labelledby="cluster-name"
    >
      <header>
        <h2 id="cluster-name" className="drains">
          <Shape tone={tone} size={16} />{" "}
          {alone ? (
            <span className={`tone-${tone}`}>{capital(cluster.state)}</span>
          ) : (
            <Link to={`/fleet/${encodeURIComponent(cluster.name)}`}>{cluster.name}</Link>
          )}
        </h2>
        {!alone && <strong className={`tone-${tone} drains`}>{capital(cluster.state)}</strong>}
        <span className="second">
          {cluster.last_seen && seconds !== null ? (
            <>
              last data <At at={cluster.last_seen} />, {duration(seconds)} ago
            </>
          ) : (
            "never heard from"
          )}
        </span>
        <span className="action cluster-acts">
          <Probe key={cluster.name} name={cluster.name} />
          <PauseOrResume key={`${cluster.name} pause`} cluster={cluster} />
        </span>
      </header>
      {cluster.paused && (
        <p className="cluster-paused">
          <Pause size={14} aria-hidden="true" /> <strong>Paused</strong> by {cluster.paused.by} at{" "}
          <At at={cluster.paused.at} />: <bdi>{cluster.paused.reason}</bdi>
        </p>
      )}
      {cluster.why && <p className="cluster-why">{cluster.why}</p>}
      <Facts cluster={cluster} alone={alone} />
    </section>
  );
}

function Facts({ cluster, alone }: { cluster: Cluster; alone: boolean }) {
  const incidents = useActiveRoots().filter((incident) =>
    incident.clusters.some(({ name }) => name === cluster.name),
  );
  const { books } = cluster;
  return (
    <dl className="cluster-facts drains">
      <Fact name="Identity">{cluster.uid ? <code>{cluster.uid}</code> : "not known yet"}</Fact>
      <Fact name="Region">{cluster.region ?? "not known"}</Fact>
      <Fact name="Version">{cluster.version ?? "?"}</Fact>
      {cluster.skew_ms !== null && (
        <Fact name="Clock">
          <Skew ms={cluster.skew_ms} />
        </Fact>
      )}
      {cluster.same_as && <Fact name="Same as">{cluster.same_as}: one cluster under two names</Fact>}
      <Fact name={isHeard(cluster) ? "Holds" : "Last known"}>
        {count(cluster.pods)} pods, {count(cluster.nodes)} nodes{!isHeard(cluster) && ", not in the totals"}
      </Fact>
      {cluster.tries > 0 && (
        <Fact name="Tried">
          {cluster.tries.toLocaleString("en-US")} {cluster.tries === 1 ? "time" : "times"}
          {cluster.next_try_s !== null && `, next in ${duration(cluster.next_try_s)}`}
        </Fact>
      )}
      {!alone && <MattersTo incidents={incidents} />}
      {!alone && <Signals cluster={cluster} />}
      <Fact name="Books">
        received {count(books.received)} = delivered {count(books.delivered)} + merged {count(books.merged)} +
        dropped {count(dropped(books))} + in flight {count(books.in_flight)}
      </Fact>
    </dl>
  );
}

function MattersTo({ incidents }: { incidents: readonly Incident[] }) {
  return (
    <Fact name="Matters to">
      {incidents.length === 0
        ? "no incident that is not over"
        : incidents.map((incident) => (
            <Link key={incident.id} to={`/incidents/${encodeURIComponent(incident.id)}`}>
              {incident.title}
            </Link>
          ))}
    </Fact>
  );
}

function Signals({ cluster }: { cluster: Cluster }) {
  return (
    <Fact name="Signals">
      {Object.entries(cluster.kinds).length === 0 && "none heard yet"}
      {Object.entries(cluster.kinds).map(([name, kind]) => (
        <span
          key={name}
          className={kind.synced && !kind.error ? "signal" : "signal tone-high"}
          title={kind.error ?? undefined}
        >
          {name} {count(kind.count)}
          {!(kind.synced && !kind.error) && ` (${kind.error ?? "not in step"})`}
        </span>
      ))}
    </Fact>
  );
}

function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** From here on the agent calls a clock wrong. */
const WRONG_CLOCK_MS = 30_000;

function Skew({ ms }: { ms: number }) {
  if (ms === 0) return <>in step with the agent, within 2 s</>;
  const words = `${duration(Math.abs(ms) / 1000)} ${ms > 0 ? "ahead of" : "behind"} the agent`;
  return Math.abs(ms) < WRONG_CLOCK_MS ? (
    words
  ) : (
    <span className="tone-high">
      <Shape tone="partial" size={12} /> {words}: times of its events are off by as much
    </span>
  );
}

function PauseOrResume({ cluster }: { cluster: Cluster }) {
  const writesOff = useWritesOff("operator");
  const key = useRef(newKey());
  const call = useMutation({
    mutationFn: () => resumeCluster(cluster.name, key.current),
    onSuccess: () => {
      key.current = newKey();
    },
  });
  if (!cluster.paused) {
    return (
      <ActDialog
        incident={{ id: cluster.name }}
        act={{
          label: "Pause",
          title: `Pause ${cluster.name}`,
          explain:
            "The agent asks this cluster nothing until it is resumed. Its data ages in sight of everybody, and no incident opens for its silence.",
          field: "Reason",
          keep: "Keep watching",
          submit: "Pause it",
          call: pauseCluster,
        }}
      />
    );
  }
  return (
    <span className="action">
      {call.error && <Refusal error={call.error} />}
      <button
        type="button"
        className="button primary"
        disabled={writesOff !== null || call.isPending}
        title={writesOff ?? "Watch this cluster again"}
        onClick={() => call.mutate()}
      >
        {call.isPending ? "Resuming" : "Resume"}
      </button>
    </span>
  );
}

function Probe({ name }: { name: string }) {
  const { writesOff } = useTrust();
  const call = useMutation({ mutationFn: () => probe(name) });
  return (
    <span className="action">
      <span role="status" className="second">
        {call.isPending && "Asking the cluster"}
        {call.data?.answered && `Answered in ${Math.round(call.data.took_s * 1000)} ms`}
        {call.data && !call.data.answered && `No answer: ${call.data.detail ?? "no reason given"}`}
        {call.error && <span className="refusal">{call.error.message}</span>}
      </span>
      <button
        type="button"
        className="button"
        disabled={writesOff !== null || call.isPending}
        title={writesOff ?? "Ask this cluster once, now; reads only"}
        onClick={() => call.mutate()}
      >
        Probe now
      </button>
    </span>
  );
}
