// One event whole: what the source said, when it happened and when it arrived, and what became of it in the agent.

import { useQuery } from "@tanstack/react-query";
import { Fragment } from "react";
import { Link } from "react-router";
import { fetchExplanation } from "../../api/client";
import type { KronveilEvent } from "../../api/types";
import { Attributes } from "../../parts/attributes";
import { ledgerAt } from "../../parts/change";
import { CopyButton } from "../../parts/copy";
import { Failure } from "../../parts/failure";
import { Loading } from "../../parts/panel";
import { ResourceName } from "../../parts/resource";
import { Severity } from "../../parts/shape";
import { At } from "../../parts/times";
import { duration } from "../../time/format";

/** Beyond this the moment it happened and the moment it arrived are both told. */
const APART_MS = 5_000;

export function EventDetail({ event }: { event: KronveilEvent }) {
  const late = Date.parse(event.received_at) - Date.parse(event.at);
  const attributes = Object.entries(event.attributes ?? {});
  return (
    <section className="event-detail" aria-label="The event in full">
      <p className="event-said">
        <bdi>{event.message}</bdi>
      </p>
      <dl className="cluster-facts">
        <Fact name="Severity">
          <Severity severity={event.severity} />
        </Fact>
        <Fact name="Happened">
          <At at={event.at} />
          {Math.abs(late) > APART_MS && (
            <span className="tone-high">
              {" "}
              arrived <At at={event.received_at} />, {duration(late / 1000)} later
            </span>
          )}
        </Fact>
        <Fact name="Object">
          <ResourceName resource={event.resource} />
        </Fact>
        <Fact name="Cluster">
          <Link to={`/fleet/${encodeURIComponent(event.cluster_name)}`}>{event.cluster_name}</Link>
        </Fact>
      </dl>
      <Attributes of={attributes} />
      <Became id={event.id} />
      <div className="event-acts">
        <Link className="button plain" to={ledgerAt(event.at, { cluster: event.cluster_name })}>
          Changes around it
        </Link>
        <CopyButton text={event.id} label="Copy id" />
        <CopyButton text={JSON.stringify(event, null, 2)} label="Copy as JSON" />
        <code className="quiet">{event.id}</code>
      </div>
    </section>
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

/** The agent's own account, stage by stage. */
function Became({ id }: { id: string }) {
  const { data, error, refetch } = useQuery({
    queryKey: ["explanation", id],
    queryFn: () => fetchExplanation(id),
  });
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <Loading what="what became of it" />;
  return (
    <ol className="stages-told" aria-label="What became of it">
      {data.stages.map((stage) => (
        <li key={stage.name}>
          <span className="kind-chip">{stage.name}</span> <strong>{stage.result}</strong>{" "}
          <span className="second">
            <Reason text={stage.reason} refs={stage.refs} />
          </span>
        </li>
      ))}
      {!data.remembered && (
        <li className="quiet">It is older than the agent remembers; only the store speaks.</li>
      )}
    </ol>
  );
}

const pathOf = (ref: string): string =>
  ref.startsWith("inc_") ? `/incidents/${encodeURIComponent(ref)}` : `/explore?ev=${encodeURIComponent(ref)}`;

/** The ids that a reason names are links; those it does not name follow it. */
function Reason({ text, refs }: { text: string; refs: readonly string[] }) {
  const rest = refs.filter((ref) => !text.includes(ref));
  const named = refs.filter((ref) => text.includes(ref));
  const parts = named.length === 0 ? [text] : text.split(new RegExp(`(${named.join("|")})`));
  return (
    <>
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a part of a sentence is its place
        <Fragment key={index}>{named.includes(part) ? <Ref id={part} /> : part}</Fragment>
      ))}
      {rest.map((ref) => (
        <Fragment key={ref}>
          {" "}
          <Ref id={ref} />
        </Fragment>
      ))}
    </>
  );
}

const Ref = ({ id }: { id: string }) => (
  <Link to={pathOf(id)}>
    <code>{id}</code>
  </Link>
);
