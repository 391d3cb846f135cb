// Every leaf of the configuration: the value in force, the default, and the file and line that set it.
import { useQuery } from "@tanstack/react-query";
import { EyeOff } from "lucide-react";
import { useSearchParams } from "react-router";
import { fetchParts, fetchSettings } from "../../api/client";
import { Failure } from "../../parts/failure";
import { AsOf, Loading } from "../../parts/panel";
import { Shape, toneOfHealth } from "../../parts/shape";
import { TextFilter } from "../../parts/text-filter";
import { plural } from "../../time/format";
import { bySection, inWords, isMasked, type Leaf, leafOf, shortSource, sought } from "./leaves";

export function Configuration() {
  const [search, setSearch] = useSearchParams();
  const { data, error, refetch } = useQuery({ queryKey: ["config"], queryFn: fetchSettings });
  const q = search.get("q") ?? "";
  const onlySet = search.get("only") === "set";
  const narrow = (key: string, value: string) => {
    const next = new URLSearchParams(search);
    if (value) next.set(key, value);
    else next.delete(key);
    setSearch(next, { replace: true });
  };
  const leaves = (data ?? []).map(leafOf);
  const shown = leaves.filter((leaf) => sought(leaf, q) && (!onlySet || leaf.isSet));
  const set = leaves.filter(({ isSet }) => isSet).length;
  return (
    <section className="configuration" aria-labelledby="configuration">
      <header>
        <h2 id="configuration">Configuration</h2>
        <AsOf />
        <OnDisk />
        <fieldset className="tabs" aria-label="Which settings">
          <button type="button" aria-pressed={!onlySet} onClick={() => narrow("only", "")}>
            All {data ? leaves.length : ""}
          </button>
          <button type="button" aria-pressed={onlySet} onClick={() => narrow("only", "set")}>
            Changed {data ? set : ""}
          </button>
        </fieldset>
        <TextFilter label="Key, value or source" value={q} change={(text) => narrow("q", text)} />
      </header>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <Loading what="the configuration" rows={8} />}
      {data && shown.length === 0 && (
        <p className="empty">
          No setting matches {plural([q, onlySet].filter(Boolean).length, "filter")}.{" "}
          <button type="button" className="button" onClick={() => setSearch({}, { replace: true })}>
            Clear filters
          </button>
        </p>
      )}
      {shown.length > 0 && <Leaves leaves={shown} />}
    </section>
  );
}

/** Whether the file has changed since it was read. */
function OnDisk() {
  const { data } = useQuery({ queryKey: ["parts"], queryFn: fetchParts });
  const part = data?.find(({ name }) => name === "configuration");
  if (!part) return null;
  return (
    <span className="second drains">
      <Shape tone={toneOfHealth(part.state)} size={12} label={part.state} /> {part.reason}
    </span>
  );
}

function Leaves({ leaves }: { leaves: readonly Leaf[] }) {
  return (
    <div className="table-frame drains">
      <table className="grid config-table">
        <thead>
          <tr>
            <th scope="col">Key</th>
            <th scope="col">In force</th>
            <th scope="col">Default</th>
            <th scope="col">Set in</th>
          </tr>
        </thead>
        {bySection(leaves).map(([section, inside]) => (
          <tbody key={section}>
            <tr className="config-section">
              <th scope="rowgroup" colSpan={4}>
                {section}
              </th>
            </tr>
            {inside.map((leaf) => (
              <LeafRow key={leaf.key} leaf={leaf} />
            ))}
          </tbody>
        ))}
      </table>
    </div>
  );
}

function LeafRow({ leaf }: { leaf: Leaf }) {
  const prefix = leaf.key.startsWith(`${leaf.section}.`) ? `${leaf.section}.` : "";
  return (
    <tr data-setting={leaf.key} className={leaf.isSet ? "is-set" : undefined}>
      <th scope="row" className="cell-main mono">
        <span className="quiet">{prefix}</span>
        {leaf.key.slice(prefix.length)}
      </th>
      <td data-label="In force">
        <Value value={leaf.value} />
      </td>
      <td data-label="Default" className="quiet">
        <Value value={leaf.default} />
      </td>
      <td data-label="Set in" title={leaf.source}>
        {leaf.isSet ? (
          <span className="mono">{shortSource(leaf.source)}</span>
        ) : (
          <span className="quiet">default</span>
        )}
      </td>
    </tr>
  );
}

function Value({ value }: { value: unknown }) {
  const words = inWords(value);
  if (isMasked(value)) {
    return (
      <span className="second">
        <EyeOff size={12} aria-hidden="true" /> {words}
      </span>
    );
  }
  return words === "not set" || words === "none" ? (
    <span className="quiet">{words}</span>
  ) : (
    <span className="mono">{words}</span>
  );
}
