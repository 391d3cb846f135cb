// The parts of the agent, and the sources its collectors read, each with its state, its reason and its books.
import { Link } from "react-router";
import type { Books, Collector, Part } from "../../api/types";
import { dropped, imbalance } from "../../live/world";
import { capital, Shape, toneOfHealth, toneOfState } from "../../parts/shape";
import { Age, At } from "../../parts/times";
import { count } from "../../time/format";

export function PartTable({ parts }: { parts: readonly Part[] }) {
  return (
    <table className="grid part-table">
      <thead>
        <tr>
          <th scope="col">Part</th>
          <th scope="col">State</th>
          <th scope="col">Since</th>
          <th scope="col">Last success</th>
          <th scope="col">Reason</th>
        </tr>
      </thead>
      <tbody>
        {parts.map((part) => (
          <tr key={part.name} data-part={part.name}>
            <th scope="row" className="cell-main">
              {part.name}
            </th>
            <td data-label="State">
              <span className={`state tone-${toneOfHealth(part.state)}`}>
                <Shape tone={toneOfHealth(part.state)} /> {capital(part.state)}
              </span>
            </td>
            <td data-label="Since">
              <At at={part.since} />
            </td>
            <td data-label="Last success">
              <Ago at={part.last_success} />
            </td>
            <td data-label="Reason" className="part-why">
              {part.reason || <span className="quiet">none given</span>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const Ago = ({ at }: { at: string | null }) =>
  at === null ? (
    <span className="unknown-text">never</span>
  ) : (
    <span>
      <Age at={at} short /> ago
    </span>
  );

/** The columns of the books, in the order in which they add up. */
const COLUMNS: readonly (readonly [string, (books: Books) => number])[] = [
  ["Received", ({ received }) => received],
  ["Delivered", ({ delivered }) => delivered],
  ["Merged", ({ merged }) => merged],
  ["Dropped", dropped],
  ["In flight", ({ in_flight }) => in_flight],
];

export function SourceTable({ sources }: { sources: readonly Collector[] }) {
  return (
    <div className="table-scroll">
      <table className="grid source-table">
        <thead>
          <tr>
            <th scope="col">Source</th>
            <th scope="col">State</th>
            <th scope="col">Last success</th>
            <th scope="col" className="number">
              Relists
            </th>
            {COLUMNS.map(([name]) => (
              <th key={name} scope="col" className="number">
                {name}
              </th>
            ))}
            <th scope="col">Books</th>
          </tr>
        </thead>
        <tbody>
          {sources.map((source) => (
            <SourceRow key={`${source.name} ${source.source}`} source={source} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function SourceRow({ source }: { source: Collector }) {
  const tone = toneOfState(source.state);
  return (
    <>
      <tr data-source={source.source} className={source.reason ? "has-why" : undefined}>
        <th scope="row" className="cell-main">
          <Link to={`/fleet/${encodeURIComponent(source.source)}`} data-row>
            {source.source}
          </Link>{" "}
          <span className="quiet">{source.name}</span>
        </th>
        <td data-label="State">
          <span className={`state tone-${tone}`}>
            <Shape tone={tone} /> {capital(source.state)}
          </span>
        </td>
        <td data-label="Last success">
          <Ago at={source.last_success} />
        </td>
        <td className="number" data-label="Relists">
          {count(source.relists)}
        </td>
        {COLUMNS.map(([name, of]) => (
          <td key={name} className="number" data-label={name}>
            {name === "Dropped" && of(source.books) > 0 ? (
              <span className="tone-high" title={reasonsOf(source.books)}>
                {count(of(source.books))}
              </span>
            ) : (
              count(of(source.books))
            )}
          </td>
        ))}
        <td data-label="Books">
          <Balance books={source.books} />
        </td>
      </tr>
      {source.reason && (
        <tr className="why-row">
          <td colSpan={5 + COLUMNS.length}>{source.reason}</td>
        </tr>
      )}
    </>
  );
}

const reasonsOf = (books: Books): string =>
  Object.entries(books.dropped)
    .map(([why, n]) => `${why}: ${count(n)}`)
    .join(", ");

function Balance({ books }: { books: Books }) {
  const off = imbalance(books);
  return off === 0 ? (
    <span className="tone-ok">
      <Shape tone="ok" size={12} /> balanced
    </span>
  ) : (
    <span className="tone-critical">
      <Shape tone="critical" size={12} /> off by {off.toLocaleString("en-US")}
    </span>
  );
}
