// Which series there are, each with its newest value beside its limit, and which of them are drawn.
import type { Series } from "../../api/types";
import { inUnit, nameOf } from "../../parts/plot/line-data";
import { Age } from "../../parts/times";

export function SeriesPicker(props: {
  rows: readonly Series[];
  drawn: readonly Series[];
  pick: (id: string) => void;
  /** Narrows the list to the series of one owner. */
  ofOwner: (owner: string) => void;
}) {
  const { rows, drawn, pick, ofOwner } = props;
  const isDrawn = new Set(drawn.map(({ id }) => id));
  return (
    <div className="table-frame drains">
      <table className="grid series-table" aria-label="Series" aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            <th scope="col">Drawn</th>
            <th scope="col">Of</th>
            <th scope="col">Namespace</th>
            <th scope="col">Cluster</th>
            <th scope="col" className="number">
              Newest
            </th>
            <th scope="col" className="number">
              Limit
            </th>
            <th scope="col" className="number">
              Age
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((series) => (
            <tr key={series.id} data-series={series.id}>
              <td data-label="Drawn">
                <input
                  type="checkbox"
                  data-row
                  checked={isDrawn.has(series.id)}
                  disabled={series.last === null}
                  aria-label={`Draw ${nameOf(series)}`}
                  onChange={() => pick(series.id)}
                />
              </td>
              <td className="cell-main">
                <bdi>{nameOf(series)}</bdi>
                {series.labels.owner && (
                  <span className="meta">
                    {series.labels.owner_kind}{" "}
                    <button
                      type="button"
                      className="text-button"
                      onClick={() => ofOwner(series.labels.owner ?? "")}
                    >
                      {series.labels.owner}
                    </button>
                  </span>
                )}
              </td>
              <td data-label="Namespace">
                {series.resource.namespace ?? <span className="quiet">none</span>}
              </td>
              <td data-label="Cluster">{series.cluster_name}</td>
              <td className="number" data-label="Newest">
                {series.last ? (
                  inUnit(series.last.value, series.unit)
                ) : (
                  <span className="unknown-text">never</span>
                )}
              </td>
              <td className="number" data-label="Limit">
                {series.limit === null ? (
                  <span className="quiet">not set or known</span>
                ) : (
                  <Share value={series.last?.value ?? null} limit={series.limit} unit={series.unit} />
                )}
              </td>
              <td className="number" data-label="Age">
                <Age at={series.last?.at} short />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const NEAR = 0.9;

function Share({ value, limit, unit }: { value: number | null; limit: number; unit: string }) {
  const share = value === null ? null : value / limit;
  return (
    <>
      {inUnit(limit, unit)}
      {share !== null && (
        <span className={share >= NEAR ? "tone-high" : "quiet"}> {Math.round(share * 100)} %</span>
      )}
    </>
  );
}
